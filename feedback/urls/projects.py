"""Addresses of projects and their pages, below /feedback/."""

from django.urls import path

from feedback.views import guidelines, project_settings, projects

urlpatterns = [
    path("", projects.home, name="home"),
    path("new/", projects.new, name="new"),
    path("<slug:slug>/", projects.project, name="project"),
    path("<slug:slug>/settings/", project_settings.settings, name="settings"),
    path("<slug:slug>/archive", project_settings.archive, name="archive"),
    path("<slug:slug>/restore", project_settings.restore, name="restore"),
    path("<slug:slug>/guidelines/", guidelines.newest, name="guidelines"),
    path("<slug:slug>/guidelines/edit/", guidelines.edit, name="guidelines-edit"),
    path("<slug:slug>/guidelines/preview", guidelines.preview, name="guidelines-preview"),
    path("<slug:slug>/guidelines/<int:number>/", guidelines.version, name="guidelines-version"),
]
