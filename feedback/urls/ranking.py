"""Addresses of ranking by people, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
