from training.models.addition import Addition, AdditionQuerySet
from training.models.dataset import Dataset, DatasetQuerySet, DatasetVersion
from training.models.dataset_addition import DatasetAddition
from training.models.endpoint import Endpoint, EndpointQuerySet
from training.models.job import Job, JobLostError
from training.models.promotion import Promotion, PromotionQuerySet
from training.models.recipe import Recipe, RecipeQuerySet
from training.models.sweep import Sweep, SweepQuerySet
from training.models.training_job import TrainingData, TrainingJob, TrainingJobQuerySet
from training.models.version import FormerName, ModelVersion, ModelVersionQuerySet

__all__ = [
    "Addition",
    "AdditionQuerySet",
    "Dataset",
    "DatasetAddition",
    "DatasetQuerySet",
    "DatasetVersion",
    "Endpoint",
    "EndpointQuerySet",
    "FormerName",
    "Job",
    "JobLostError",
    "ModelVersion",
    "ModelVersionQuerySet",
    "Promotion",
    "PromotionQuerySet",
    "Recipe",
    "RecipeQuerySet",
    "Sweep",
    "SweepQuerySet",
    "TrainingData",
    "TrainingJob",
    "TrainingJobQuerySet",
]
