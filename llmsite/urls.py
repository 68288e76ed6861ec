"""Addresses of the whole site, room by room."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("feedback/", include("feedback.urls")),
    path("training/datasets/", include("training.urls_datasets")),
    path("training/", include("training.urls_runs")),
    path("models/", include("training.urls")),
    path("people/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
