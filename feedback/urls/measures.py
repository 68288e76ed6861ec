"""Addresses of agreement, labelers, adjudication, below /feedback/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
