"""Addresses of rehearsals, below /rehearsals/."""

from django.urls import path

from lifecycle.views import rehearsals

app_name = "rehearsals"
ONE = "<uuid:pk>/"
urlpatterns = [
    path("", rehearsals.rehearsals, name="list"),
    path("new", rehearsals.new, name="new"),
    path(ONE, rehearsals.rehearsal, name="one"),
    path(f"{ONE}live", rehearsals.live, name="live"),
    path(f"{ONE}stop", rehearsals.stop, name="stop"),
    path(f"{ONE}resume", rehearsals.resume, name="resume"),
]
