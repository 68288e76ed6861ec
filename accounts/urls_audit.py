"""Addresses of the audit log, below /system/audit/."""

from django.urls import path

from accounts.views import audit

app_name = "audit"
urlpatterns = [
    path("", audit.page, name="page"),
    path("audit.csv", audit.export, name="export"),
]
