from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from training import engines
        from training.services.runs import uses  # noqa: F401
        from training.signals import endpoints_changed

        endpoints_changed.connect(engines.forget)
