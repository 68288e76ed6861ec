from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from training import activity, engines, notices
        from training.services import dependants  # noqa: F401
        from training.services.runs import uses  # noqa: F401
        from training.signals import endpoints_changed, jobs_ended, models_changed

        activity.file()
        notices.file()
        jobs_ended.connect(notices.tell)
        endpoints_changed.connect(engines.forget)
        models_changed.connect(engines.forget)
