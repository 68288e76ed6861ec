from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "lifecycle"
    verbose_name = "Life-cycle"

    def ready(self) -> None:
        from lifecycle import activity

        activity.file()
