"""Addresses of pairs, freezing them, and what was frozen, below /feedback/."""

from django.urls import path

from feedback.views import exports, freezing, frozen, pairs

urlpatterns = [
    path("exports/<int:pk>/", exports.export, name="export"),
    path("<slug:slug>/pairs/", pairs.pairs, name="pairs"),
    path("<slug:slug>/pairs/freeze/", freezing.freeze, name="freeze"),
    path("<slug:slug>/pairs/freeze/<uuid:key>/", freezing.report, name="freezing"),
    path("<slug:slug>/pairs/freeze/<uuid:key>/confirm", freezing.confirm, name="freezing-confirm"),
    path("<slug:slug>/pairs/freeze/<uuid:key>/cancel", freezing.cancel, name="freezing-cancel"),
    path("<slug:slug>/pairs/versions/<int:pk>/", frozen.rows, name="frozen"),
]
