"""Addresses of training runs, below /training/."""

from django.urls import path

from training.views import new_run, runs, runs_acts, runs_compare, runs_page, runs_queue, sweeps

app_name = "training"
RUN = "runs/<uuid:pk>/"
urlpatterns = [
    path("", runs.runs, name="list"),
    path("rows", runs.rows, name="rows"),
    path("compare/", runs_compare.compare, name="compare"),
    path("new/", new_run.methods, name="new"),
    path("new/<slug:name>/", new_run.new, name="new-run"),
    path("new/<slug:name>/slots", new_run.slots, name="new-run-slots"),
    path("new/<slug:name>/check", new_run.check, name="new-run-check"),
    path("new/<slug:name>/recipe", new_run.keep, name="new-recipe"),
    path("recipes/<int:pk>/delete", new_run.drop_recipe, name="delete-recipe"),
    path("sweeps/<int:pk>/", sweeps.sweep, name="sweep"),
    path("sweeps/<int:pk>/stop", sweeps.stop, name="stop-sweep"),
    path(f"{RUN}again", new_run.clone, name="clone"),
    path(RUN, runs_page.run, name="run"),
    path(f"{RUN}live", runs_page.live, name="live"),
    path(f"{RUN}curves", runs_page.curves, name="curves"),
    path(f"{RUN}samples", runs_page.samples, name="samples"),
    path(f"{RUN}log", runs_page.log, name="log"),
    path(f"{RUN}output", runs_page.output, name="output"),
    path(f"{RUN}events", runs_page.events, name="events"),
    path(f"{RUN}move", runs_queue.move, name="move"),
    path(f"{RUN}stop", runs_acts.stop, name="stop"),
    path(f"{RUN}resume", runs_acts.resume, name="resume"),
    path(f"{RUN}remove", runs_acts.remove, name="remove"),
    path(f"{RUN}restore", runs_acts.restore, name="restore"),
]
