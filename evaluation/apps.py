from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "evaluation"

    def ready(self) -> None:
        from evaluation import activity
        from evaluation.services import uses  # noqa: F401

        activity.file()
