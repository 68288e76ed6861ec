"""Addresses of answers generated for uploaded prompts, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
