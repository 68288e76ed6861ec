from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat.uses import renamed, uses
        from training import renames
        from training.uses import register

        register(uses)
        renames.register(renamed)
