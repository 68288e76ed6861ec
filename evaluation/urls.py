"""Addresses of evaluation runs and benchmarks, below /evaluation/."""

from django.urls import path

from evaluation.views import benchmarks, new_run, run_acts, run_page, runs, samples

app_name = "evaluation"
RUN = "runs/<uuid:pk>/"
urlpatterns = [
    path("runs/", runs.runs, name="runs"),
    path("runs/rows", runs.rows, name="rows"),
    path("new/", new_run.new, name="new"),
    path("new/estimate", new_run.estimate, name="estimate"),
    path(RUN, run_page.run, name="run"),
    path(f"{RUN}live", run_page.live, name="live"),
    path(f"{RUN}log", run_page.log, name="log"),
    path(f"{RUN}stop", run_acts.stop, name="stop"),
    path(f"{RUN}resume", run_acts.resume, name="resume"),
    path(f"{RUN}remove", run_acts.remove, name="remove"),
    path(f"{RUN}samples/<path:task>/", samples.samples, name="samples"),
    path("benchmarks/", benchmarks.benchmarks, name="benchmarks"),
    path("benchmarks/<slug:name>/", benchmarks.task, name="task"),
    path("benchmarks/<slug:name>/<slug:split>/forget", benchmarks.forget, name="forget"),
]
