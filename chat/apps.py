from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat import engines
        from training.signals import endpoints_changed

        endpoints_changed.connect(engines.forget)
