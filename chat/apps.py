from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat.prompt_source import templates
        from chat.uses import renamed, uses
        from evaluation import prompt_sources
        from training import renames
        from training.uses import register

        register(uses)
        renames.register(renamed)
        prompt_sources.register(templates)
