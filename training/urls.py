"""Addresses of the registry, below /models/."""

from django.urls import path

from training.views import acts, adding, endpoints, pages, versions, versions_files

app_name = "models"
urlpatterns = [
    path("", pages.models, name="list"),
    path("rows", pages.rows, name="rows"),
    path("add/", adding.page, name="add"),
    path("add/<slug:way>", adding.begin, name="begin"),
    path("upload/", adding.upload, name="upload"),
    path("upload/<uuid:job>/<int:at>", adding.piece, name="piece"),
    path("<int:pk>/", pages.model, name="model"),
    path("<int:pk>/load", acts.load, name="load"),
    path("<int:pk>/unload", acts.unload, name="unload"),
    path("<int:pk>/precision", acts.precision, name="precision"),
    path("<int:pk>/remove", acts.remove, name="remove"),
    path("<int:pk>/restore", acts.restore, name="restore"),
    path("<int:pk>/cancel", acts.cancel, name="cancel"),
    path("<int:pk>/retry", acts.retry, name="retry"),
    path("<int:pk>/dismiss", acts.dismiss, name="dismiss"),
    path("<int:pk>/rename", versions.rename, name="rename"),
    path("<int:pk>/about", versions.about, name="about"),
    path("<int:pk>/archive", versions.archive, name="archive"),
    path("<int:pk>/unarchive", versions.unarchive, name="unarchive"),
    path("<int:pk>/promote", versions.promote, name="promote"),
    path("<int:pk>/export", versions_files.export, name="export"),
    path("<int:pk>/merge", versions_files.merge, name="merge"),
    path("promoted/", versions.promotions, name="promotions"),
    path("promoted/back", versions.roll_back, name="roll-back"),
    path("endpoints/add/", endpoints.add, name="endpoint-add"),
    path("endpoints/<int:pk>/", endpoints.edit, name="endpoint"),
    path("endpoints/<int:pk>/check", endpoints.check, name="endpoint-check"),
    path("endpoints/<int:pk>/on", endpoints.switch, {"to": "on"}, name="endpoint-on"),
    path("endpoints/<int:pk>/off", endpoints.switch, {"to": "off"}, name="endpoint-off"),
    path("endpoints/<int:pk>/delete", endpoints.delete, name="endpoint-delete"),
]
