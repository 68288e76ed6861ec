"""Addresses of the whole site, room by room."""

from django.contrib import admin
from django.urls import include, path

from llmsite import lineage_page
from llmsite.system import page as system_page

urlpatterns = [
    path("", include("lifecycle.urls")),
    path("rehearsals/", include("lifecycle.urls_rehearsals")),
    path("", include("chat.urls")),
    path("feedback/", include("feedback.urls")),
    path("training/datasets/", include("training.urls_datasets")),
    path("training/", include("training.urls_runs")),
    path("evaluation/", include("evaluation.urls_board")),
    path("evaluation/", include("evaluation.urls")),
    path("models/", include("training.urls")),
    path("lineage/<slug:kind>/<str:key>/", lineage_page.page, name="lineage"),
    path("keys/", include("api.urls")),
    path("notifications/", include("accounts.urls_notifications")),
    path("system/audit/", include("accounts.urls_audit")),
    path("system/", system_page.page, name="system"),
    path("people/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
