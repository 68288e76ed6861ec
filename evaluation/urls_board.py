"""Addresses of the leaderboard and what explains it, below /evaluation/."""

from django.urls import path, re_path

from evaluation.views import board, comparing, forgetting, measures, outputs

app_name = "board"

urlpatterns = [
    path("", board.leaderboard, name="home"),
    re_path(r"^leaderboard\.(?P<form>csv|json)$", board.export, name="export"),
    path("compare/", comparing.compare, name="compare"),
    path("forgetting/", forgetting.forgetting, name="forgetting"),
    path("outputs/", outputs.outputs, name="outputs"),
    path("measures/", measures.measures, name="measures"),
]
