"""Addresses below /feedback/, one module for each kind of page."""

from django.urls import include, path

app_name = "feedback"
MODULES = ("red_team", "batches", "imports", "ranking", "measures", "pairs", "projects")
urlpatterns = [path("", include(f"feedback.urls.{module}")) for module in MODULES]
