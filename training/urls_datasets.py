"""Addresses of datasets, below /training/datasets/."""

from django.urls import path

from training.views import dataset_versions, datasets

app_name = "datasets"
VERSION = "<int:pk>/v/<int:number>/"
urlpatterns = [
    path("", datasets.datasets, name="list"),
    path("<int:pk>/", datasets.dataset, name="dataset"),
    path("<int:pk>/archive", datasets.archive, name="archive"),
    path("<int:pk>/restore", datasets.restore, name="restore"),
    path("<int:pk>/delete", datasets.delete, name="delete"),
    path(VERSION, dataset_versions.version, name="version"),
    path(f"{VERSION}changes/", dataset_versions.changes, name="changes"),
    path(f"{VERSION}files/<str:name>", dataset_versions.file, name="file"),
    path(f"{VERSION}refused", dataset_versions.refused, name="refused"),
]
