"""Addresses of runs, below /training/."""

from django.urls import path

from training.views import new_run

app_name = "training"
urlpatterns = [
    path("new/", new_run.methods, name="new"),
    path("new/<slug:name>/", new_run.new, name="new-run"),
    path("new/<slug:name>/slots", new_run.slots, name="new-run-slots"),
]
