"""Addresses of projects and their pages, below /feedback/."""

from django.urls import path

from feedback.views import projects

urlpatterns = [
    path("", projects.home, name="home"),
    path("<slug:slug>/", projects.project, name="project"),
]
