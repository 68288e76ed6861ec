"""Addresses of answers generated for uploaded prompts, below /feedback/."""

from django.urls import path

from feedback.views import batches

urlpatterns = [
    path("<slug:slug>/batches/", batches.batches, name="batches"),
    path("<slug:slug>/batches/new/", batches.new, name="batch-new"),
    path("<slug:slug>/batches/<uuid:key>/", batches.batch, name="batch"),
    path("<slug:slug>/batches/<uuid:key>/live", batches.live, name="batch-live"),
    path("<slug:slug>/batches/<uuid:key>/estimate", batches.estimate, name="batch-estimate"),
    path("<slug:slug>/batches/<uuid:key>/start", batches.start, name="batch-start"),
    path("<slug:slug>/batches/<uuid:key>/cancel", batches.cancel, name="batch-cancel"),
    path("<slug:slug>/batches/<uuid:key>/resume", batches.resume, name="batch-resume"),
    path("<slug:slug>/batches/<uuid:key>/discard", batches.discard, name="batch-discard"),
    path("<slug:slug>/batches/<uuid:key>/refused", batches.refused, name="batch-refused"),
]
