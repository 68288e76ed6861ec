from django.apps import AppConfig


class LlmsiteConfig(AppConfig):
    name = "llmsite"
