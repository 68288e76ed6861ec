"""Datasets on their way in, for tests: what is sent, read and chosen."""

import json
from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import User
from training.models import DatasetAddition
from training.preparing.request import Splits
from training.services import dataset_adding, dataset_working
from training.services.dataset_choices import Wanted

Tasks = list[tuple[str, int]]
SignedIn = Callable[[User], Client]
MAPPING = {"prompt": ["question"], "completion": ["answer"]}
SHARES = Splits("shares", shares={"train": 0.5, "validation": 0.25, "test": 0.25})
HERE = "/training/datasets/"


def lines(count: int = 40) -> bytes:
    """Good rows, each prompt twice with other answers; then one bad row and one double one."""
    rows: list[Any] = [
        {"question": f"{n // 2} + 1?", "answer": f"{n // 2 + 1}{'.' * (n % 2)}", "split": "train"}
        for n in range(count)
    ]
    rows += [{"question": "What?"}, rows[0]]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def sent(by: User, data: bytes | None = None, name: str = "sums.jsonl") -> DatasetAddition:
    """An upload whose every byte has arrived."""
    data = lines() if data is None else data
    addition = dataset_adding.begin_upload(file_name=name, size=len(data), by=by)
    half = len(data) // 2
    for at, piece in ((0, data[:half]), (half, data[half:])):
        dataset_adding.receive(addition=addition, at=at, data=piece)
        addition.refresh_from_db()
    return addition


def work(addition: DatasetAddition) -> DatasetAddition:
    """What the worker does, here and now."""
    dataset_working.run(addition_id=str(addition.pk), attempt=addition.attempt)
    addition.refresh_from_db()
    return addition


def confirm(addition: DatasetAddition, by: User, **more: Any) -> None:
    facts: dict[str, Any] = {
        "name": "sums",
        "kind": "completion",
        "mapping": MAPPING,
        "splits": SHARES,
    } | more
    dataset_adding.confirm(addition=addition, wanted=Wanted(**facts), by=by)
