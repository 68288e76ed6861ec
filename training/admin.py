"""Models, data and runs in Django's admin: to look things up, with nobody's key shown."""

from accounts.looking_up import JOB, look_up
from training.models import (
    Addition,
    Dataset,
    DatasetAddition,
    DatasetVersion,
    Endpoint,
    FormerName,
    ModelVersion,
    Promotion,
    Recipe,
    Sweep,
    TrainingData,
    TrainingJob,
)

look_up(
    ModelVersion,
    "name kind state source licence added_by created_at",
    filters="state kind source created_at",
    search="name origin content_hash",
    related="added_by",
)
look_up(FormerName, "name version created_at", search="name version__name", related="version")
look_up(
    Addition,
    f"version source {JOB} started_by",
    filters="state source created_at",
    search="version__name origin",
    related="version started_by",
)
look_up(
    Dataset,
    "name kind owner shared archived_at created_at",
    filters="kind shared created_at",
    search="name",
    related="owner",
)
look_up(
    DatasetVersion,
    "dataset number content_hash made_by created_at",
    filters="created_at",
    search="dataset__name content_hash",
    related="dataset made_by",
)
look_up(
    DatasetAddition,
    f"name source step {JOB} started_by",
    filters="state source step created_at",
    search="origin",
    related="started_by",
)
look_up(
    Endpoint,
    "name url enabled healthy last_checked_at added_by",
    filters="enabled healthy",
    search="name url",
    related="added_by",
    hidden=["api_key"],
)
look_up(
    Promotion,
    "name is_rollback by created_at",
    filters="is_rollback created_at",
    search="version__name",
    related="version by",
)
look_up(
    Recipe,
    "name method owner shared created_at",
    filters="method shared",
    search="name owner__username",
    related="owner",
)
look_up(
    Sweep,
    "name method owner created_at",
    filters="method created_at",
    search="name owner__username",
    related="owner",
)
look_up(
    TrainingJob,
    f"name method model owner {JOB}",
    filters="state method created_at",
    search="id name model__name owner__username",
    related="model owner",
    hidden=["datasets"],
)
look_up(
    TrainingData,
    "job version weight place",
    search="job__name version__dataset__name",
    related="job version__dataset",
)
