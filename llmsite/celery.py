"""The Celery application; without CELERY_BROKER_URL its broker is folders under DATA_DIR.

Runs and evaluations take hours, so they wait in a queue of their own: a worker that is in the
middle of one never keeps a model, an import or a batch waiting.
"""

import os
import threading
import time
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmsite.settings")

from django.conf import settings

KEEP_PROCESSED = 24 * 60 * 60
CLEANS_AT = (4, 20)
SHORT, LONG = "celery", "runs"

EMBEDDED = settings.CELERY_BROKER_URL.startswith("filesystem:")

TRANSPORT_ALIASES["filesystem"] = "llmsite.broker:Transport"

app = Celery("llmsite")


def _transport_options() -> dict[str, object]:
    if not EMBEDDED:
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
    task_default_queue=SHORT,
    task_routes={
        "training.tasks.run_training": {"queue": LONG},
        "evaluation.tasks.run_evaluation": {"queue": LONG},
    },
    task_ignore_result=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=not EMBEDDED,
    timezone=settings.TIME_ZONE,
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat"),
    beat_schedule={
        "purge deleted conversations": {
            "task": "chat.tasks.purge_deleted_conversations",
            "schedule": crontab(hour="3", minute="10"),
        },
        "sweep files that no message has": {
            "task": "chat.tasks.sweep_documents",
            "schedule": crontab(minute="40"),
        },
        "look after models": {
            "task": "training.tasks.look_after_models",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after batches": {
            "task": "feedback.tasks.look_after_batches",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after claims": {
            "task": "feedback.tasks.look_after_claims",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after imports": {
            "task": "feedback.tasks.look_after_imports",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after datasets": {
            "task": "training.tasks.look_after_datasets",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after freezings": {
            "task": "feedback.tasks.look_after_freezings",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after attempts": {
            "task": "feedback.tasks.look_after_attempts",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after doubtings": {
            "task": "feedback.tasks.look_after_doubtings",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after evaluations": {
            "task": "evaluation.tasks.look_after_evaluations",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after rehearsals": {
            "task": "lifecycle.tasks.look_after_rehearsals",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "look after runs": {
            "task": "training.tasks.look_after_runs",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "clean up": {
            "task": "llmsite.tasks.clean_up",
            "schedule": crontab(hour=str(CLEANS_AT[0]), minute=str(CLEANS_AT[1])),
        },
        "send e-mails": {
            "task": "accounts.tasks.send_mails",
            "schedule": crontab(),
            "options": {"expires": 50},
        },
        "sweep the embedded broker": {
            "task": "llmsite.celery.sweep_processed",
            "schedule": crontab(minute="30"),
        },
    },
)
app.autodiscover_tasks(
    ["lifecycle", "chat", "training", "evaluation", "feedback", "accounts", "llmsite"]
)


@signals.worker_shutting_down.connect
def leave(**about: Any) -> None:
    """Runs keep a checkpoint and go back to the queue; the worker ends when they have."""
    from training.services.runs import leaving

    leaving.begin()


@signals.worker_ready.connect
def arrive(sender: Any, **about: Any) -> None:
    """The worker says that it lives, in the database and on its port where it has one."""
    from llmsite import beats, worker_health

    beating = beats.Beats(f"worker of {sender.hostname.partition('@')[0]}").start()
    signals.worker_shutdown.connect(lambda **about: beating.stop(), weak=False)
    worker_health.listen()


@signals.worker_process_init.connect
def look_around(**about: Any) -> None:
    """A worker's process begins, perhaps after another died: what that one had is taken up."""
    from training.services.runs import working

    threading.Thread(target=working.reap_here, daemon=True).start()


@app.task
def sweep_processed() -> int:
    """Remove what the embedded broker keeps of messages handled more than a day ago, and what
    processes that were killed had begun to write."""
    kept = [
        *(settings.BROKER_DIR / "processed").glob("*"),
        *(settings.BROKER_DIR / "queue").glob(".*"),
    ]
    old = [f for f in kept if f.stat().st_mtime < time.time() - KEEP_PROCESSED]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)
