"""Addresses of attempts to make a model fail, below /feedback/."""

from django.urls import URLPattern, URLResolver, include, path

from feedback.views import attempts, red_team

of_an_attempt = [
    path("", attempts.attempt, name="attempt"),
    path("turns", attempts.turns, name="attempt-turns"),
    path("send", attempts.send, name="attempt-send"),
    path("ask-again", attempts.ask_again, name="attempt-ask-again"),
    path("stop", attempts.stop, name="attempt-stop"),
    path("finish", attempts.finish, name="attempt-finish"),
    path("give-up", attempts.give_up, name="attempt-give-up"),
    path("take-up", attempts.take_up, name="attempt-take-up"),
    path("fill", attempts.fill, name="attempt-fill"),
]

of_a_project: list[URLPattern | URLResolver] = [
    path("", red_team.attempts, name="red-team"),
    path("start", red_team.start, name="red-team-start"),
    path("models", red_team.models, name="red-team-models"),
    path("attempts.jsonl", red_team.export, name="red-team-export"),
    path("<int:pk>/", include(of_an_attempt)),
]

urlpatterns = [path("<slug:slug>/red-team/", include(of_a_project))]
