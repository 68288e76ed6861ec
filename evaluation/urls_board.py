"""Addresses of the leaderboard and what explains it, below /evaluation/."""

from django.urls import path, re_path

from evaluation.views import board, measures

app_name = "board"

urlpatterns = [
    path("", board.leaderboard, name="home"),
    re_path(r"^leaderboard\.(?P<form>csv|json)$", board.export, name="export"),
    path("measures/", measures.measures, name="measures"),
]
