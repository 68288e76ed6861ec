"""What is written down of acts on models, endpoints, datasets and runs."""

from typing import Any

from accounts.recording import Kind, record
from training.models import Dataset, Endpoint, ModelVersion, TrainingJob


def of_model(verb: str, version: ModelVersion, **more: Any) -> None:
    record(verb=verb, kind=Kind.MODEL, name=version.name, thing=version.pk, **more)


def of_endpoint(verb: str, endpoint: Endpoint, **more: Any) -> None:
    """Never with its key."""
    name, thing = endpoint.name, endpoint.pk
    record(verb=verb, kind=Kind.ENDPOINT, name=name, thing=thing, url=endpoint.url, **more)


def of_dataset(verb: str, dataset: Dataset, **more: Any) -> None:
    record(verb=verb, kind=Kind.DATASET, name=dataset.name, thing=dataset.pk, **more)


def of_run(verb: str, job: TrainingJob, **more: Any) -> None:
    record(verb=verb, kind=Kind.RUN, name=job.name, thing=job.pk, **more)
