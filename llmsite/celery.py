"""The Celery application; without CELERY_BROKER_URL its broker is folders under DATA_DIR."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmsite.settings")

from django.conf import settings

app = Celery("llmsite")


def _transport_options() -> dict[str, object]:
    if not settings.CELERY_BROKER_URL.startswith("filesystem:"):
        return {"visibility_timeout": 60 * 60 * 24 * 30}
    folders = {name: settings.BROKER_DIR / name for name in ("queue", "processed", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["queue"]),
        "data_folder_out": str(folders["queue"]),
        "processed_folder": str(folders["processed"]),
        "control_folder": str(folders["control"]),
        "store_processed": True,
    }


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone=settings.TIME_ZONE,
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat"),
)
app.autodiscover_tasks(["chat", "training", "evaluation", "feedback", "accounts"])
