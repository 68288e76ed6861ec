"""`manage.py fetch_models`: bring the default model and the embedding model, once."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from llmkit.modelstore import CHAT_MODEL, EMBEDDING_MODEL, ModelStoreError, install


class Command(BaseCommand):
    help = "Download and unpack the default chat model and the embedding model into DATA_DIR."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        targets = {
            CHAT_MODEL: settings.MODELS_DIR / CHAT_MODEL.name,
            EMBEDDING_MODEL: settings.EMBEDDINGS_DIR,
        }
        for package, target in targets.items():
            try:
                added = install(package, target, say=self._say)
            except ModelStoreError as error:
                raise SystemExit(str(error)) from error
            self._say(f"{package.name}: {'added' if added else 'already there'}.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
