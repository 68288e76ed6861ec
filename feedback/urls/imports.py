"""Addresses of rankings read from files, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
