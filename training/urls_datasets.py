"""Addresses of datasets, below /training/datasets/."""

from django.urls import path

from training.views import dataset_adding, dataset_versions, datasets

app_name = "datasets"
VERSION = "<int:pk>/v/<int:number>/"
urlpatterns = [
    path("", datasets.datasets, name="list"),
    path("cards", dataset_adding.cards, name="cards"),
    path("add/", dataset_adding.add, name="add"),
    path("add/hub", dataset_adding.add_from_hub, name="add-from-hub"),
    path("upload/", dataset_adding.upload, name="upload"),
    path("upload/<uuid:job>/<int:at>", dataset_adding.piece, name="piece"),
    path("adding/<uuid:job>/", dataset_adding.adding, name="adding"),
    path("adding/<uuid:job>/state", dataset_adding.state, name="state"),
    path("adding/<uuid:job>/preview", dataset_adding.preview, name="preview"),
    path("adding/<uuid:job>/again", dataset_adding.again, name="again"),
    path("adding/<uuid:job>/cancel", dataset_adding.cancel, name="cancel"),
    path("adding/<uuid:job>/dismiss", dataset_adding.dismiss, name="dismiss"),
    path("<int:pk>/", datasets.dataset, name="dataset"),
    path("<int:pk>/archive", datasets.archive, name="archive"),
    path("<int:pk>/restore", datasets.restore, name="restore"),
    path("<int:pk>/delete", datasets.delete, name="delete"),
    path(VERSION, dataset_versions.version, name="version"),
    path(f"{VERSION}changes/", dataset_versions.changes, name="changes"),
    path(f"{VERSION}files/<str:name>", dataset_versions.file, name="file"),
    path(f"{VERSION}refused", dataset_versions.refused, name="refused"),
]
