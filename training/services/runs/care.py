"""What a run is called, and what people note about it."""

from django.db import transaction

from training.models import TrainingJob
from training.services.errors import RunsError
from training.services.runs.asking import name_of


@transaction.atomic
def describe(*, job: TrainingJob, name: str, notes: str) -> None:
    """RunsError where the name can't be one, or another run of the same model has it."""
    wanted = name_of(name.strip())
    others = TrainingJob.objects.known().filter(model=job.model, name=wanted).exclude(pk=job.pk)
    if others.exists():
        raise RunsError(f"Another run of {job.model} is called {wanted} already.", "name")
    TrainingJob.objects.filter(pk=job.pk).update(name=wanted, notes=notes.strip())
    job.refresh_from_db(fields=["name", "notes"])
