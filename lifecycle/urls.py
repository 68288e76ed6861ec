"""The home page's address."""

from django.urls import path

from lifecycle.views import home

app_name = "lifecycle"
urlpatterns = [path("", home.home, name="home")]
