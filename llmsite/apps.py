from django.apps import AppConfig


class LlmsiteConfig(AppConfig):
    name = "llmsite"

    def ready(self) -> None:
        """Tasks are sent through our Celery application, from every process."""
        from llmsite import celery, faults  # noqa: F401

        faults.watch()
