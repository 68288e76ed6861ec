"""Addresses of projects and their pages, below /feedback/."""

from django.urls import path

from feedback.views import project_settings, projects

urlpatterns = [
    path("", projects.home, name="home"),
    path("new/", projects.new, name="new"),
    path("<slug:slug>/", projects.project, name="project"),
    path("<slug:slug>/settings/", project_settings.settings, name="settings"),
    path("<slug:slug>/archive", project_settings.archive, name="archive"),
    path("<slug:slug>/restore", project_settings.restore, name="restore"),
]
