"""Addresses of agreement, labelers, adjudication, below /feedback/."""

from django.urls import path

from feedback.views import disagreements, labelers, measures, voiding

urlpatterns = [
    path("<slug:slug>/agreement/", measures.agreement, name="agreement"),
    path("<slug:slug>/agreement/models/", measures.strengths, name="strengths"),
    path("<slug:slug>/agreement/disagreements/", disagreements.listed, name="disagreements"),
    path("<slug:slug>/agreement/decide/<int:pk>/", disagreements.adjudicate, name="adjudicate"),
    path(
        "<slug:slug>/agreement/decide/<int:pk>/withdraw",
        disagreements.withdraw,
        name="adjudication-withdraw",
    ),
    path("<slug:slug>/labelers/", labelers.labelers, name="labelers"),
    path("<slug:slug>/labelers/me/", labelers.mine, name="my-labels"),
    path("<slug:slug>/labelers/<int:pk>/", labelers.labeler, name="labeler"),
    path("<slug:slug>/labelers/<int:pk>/void/", voiding.void_labeler, name="void-labeler"),
    path("<slug:slug>/labelers/<int:pk>/unvoid", voiding.unvoid_labeler, name="unvoid-labeler"),
    path("<slug:slug>/annotations/<int:pk>/void/", voiding.void, name="void"),
    path("<slug:slug>/annotations/<int:pk>/unvoid", voiding.unvoid, name="unvoid"),
]
