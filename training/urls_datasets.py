"""Addresses of datasets, below /training/datasets/."""

from django.urls import path

from training.views import datasets

app_name = "datasets"
urlpatterns = [path("", datasets.datasets, name="list")]
