"""Addresses of pairs, and freezing them, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
