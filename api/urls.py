"""Addresses of the keys' page. /v1 itself is answered by api.gateway, in front of Django."""

from django.urls import path

from api import views

app_name = "api"
urlpatterns = [
    path("", views.keys, name="keys"),
    path("make/", views.make, name="make"),
    path("<int:pk>/revoke/", views.revoke, name="revoke"),
]
