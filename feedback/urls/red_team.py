"""Addresses of attempts to make a model fail, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
