"""Addresses of one's notifications, below /notifications/."""

from django.urls import path

from accounts.views import notifications

app_name = "notifications"
urlpatterns = [
    path("", notifications.listed, name="list"),
    path("read", notifications.mark_all, name="read"),
    path("<int:pk>/", notifications.opened, name="open"),
    path("<int:pk>/mark", notifications.mark, name="mark"),
]
