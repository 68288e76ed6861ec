"""Addresses of accounts: first visit, signing in and out, invitations, people."""

from django.urls import URLPattern

app_name = "accounts"
urlpatterns: list[URLPattern] = []
