from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat import engines
        from chat.uses import uses
        from training.signals import endpoints_changed
        from training.uses import register

        register(uses)
        endpoints_changed.connect(engines.forget)
