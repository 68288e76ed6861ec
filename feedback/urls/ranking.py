"""Addresses of ranking by people, below /feedback/."""

from django.urls import path

from feedback.views import ranking

urlpatterns = [
    path("<slug:slug>/rank/", ranking.rank, name="rank"),
    path("<slug:slug>/rank/next/", ranking.next_task, name="rank-next"),
    path("<slug:slug>/rank/<int:pk>/draft/", ranking.draft, name="rank-draft"),
    path("<slug:slug>/rank/<int:pk>/submit/", ranking.submit, name="rank-submit"),
    path("<slug:slug>/rank/<int:pk>/skip/", ranking.skip, name="rank-skip"),
    path("<slug:slug>/rank/<int:pk>/undo/", ranking.undo, name="rank-undo"),
    path(
        "<slug:slug>/rank/guidelines/<int:number>/", ranking.saw_guidelines, name="rank-guidelines"
    ),
]
