"""A run looked at before it is started: its rows, its steps, what learns, and the memory it needs.

The rows are read by a process of its own (`training.planning`), and once for the same rows, model
and longest length; the rest is arithmetic over what that found.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psutil

from llmkit import tuning
from llmkit.configs import read
from llmkit.tuning import memory_advice
from llmkit.tuning.memory_plan import BFLOAT16, FLOAT32, INT4, Cell, Load, cell, plan
from llmkit.tuning.shapes import shape_of
from training.models import TrainingJob
from training.services.errors import RunsError
from training.services.runs import preflight_reading as reading
from training.services.runs.asking import Asked

Plan = dict[str, Any]


def of(asked: Asked) -> Plan:
    """The plan, as JSON. RunsError with a sentence where the rows can't be looked at."""
    return planned(asked, reading.facts(asked))


def known(asked: Asked) -> Plan | None:
    """The plan where its rows were read already; nothing is waited for."""
    found = reading.known(asked)
    return planned(asked, found) if found else None


def planned(asked: Asked, facts: Mapping[str, Any]) -> Plan:
    config = read(asked.method.config, asked.config)
    units = mixed(asked, facts["units"])
    counts = facts["counts"]
    return {
        "splits": facts["splits"],
        "example": facts["example"],
        "window": facts["window"],
        "units": units,
        "steps": asked.method.steps(config, units),
        "counts": counts | {"share": counts["trainable"] / max(1, counts["total"])},
        "memory": memory(asked, config, facts),
    }


def mixed(asked: Asked, units: list[int]) -> int:
    """Rows of an epoch. A mixture goes on until each dataset was used up in its share."""
    if not asked.method.mixes or len(units) < 2:
        return sum(units)
    weights = [each.weight for each in asked.data]
    return round(max(n * sum(weights) / w for n, w in zip(units, weights, strict=True)))


def memory(asked: Asked, config: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Every cell of the table, which one it is, and whether that fits."""
    try:
        shape = shape_of(asked.model.folder)
    except (OSError, ValueError) as error:
        raise RunsError(f"The files of {asked.model.name} can't be read.", "model") from error
    load, device = load_of(asked, config, facts), now(facts["device"])
    kind, learning = device["kind"], facts["counts"]["trainable"]
    precision, full = held_in(asked, kind), is_full(asked)
    cells = plan(shape, load, learning=learning, device=kind)
    chosen = cell(shape, load, precision, full=full, learning=learning, device=kind)
    numbers = {name: device[name] for name in ("kind", "memory", "free")}
    fits, sentence = memory_advice.told(chosen, cells, load, **numbers)
    return {
        "cells": [each.written() | {"chosen": each == chosen} for each in cells],
        "needed": needed(chosen, kind),
        "device": device,
        "fits": fits,
        "sentence": sentence,
        "tokens": load.tokens,
    }


def now(device: Mapping[str, Any]) -> dict[str, Any]:
    """What is free changes while the rows stay known. A GPU's can't be asked for without torch."""
    if device["kind"] != "cpu":
        return dict(device)
    free = min(device["memory"], psutil.virtual_memory().available)
    return {**device, "free": free}


def needed(chosen: Cell, kind: str) -> int:
    """As a run measures it: a GPU's context is not among what it allocates."""
    return chosen.total - (chosen.program if kind == "cuda" else 0)


def load_of(asked: Asked, config: Any, facts: Mapping[str, Any]) -> Load:
    train = facts["splits"]["train"]
    longest = int((train["lengths"] or {"max": 0})["max"])
    found = asked.method.load(config, longest, train["most"])
    soft = asked.peft and tuning.get(asked.peft["kind"]).soft
    return replace(found, adds=int(asked.peft["tokens"])) if soft else found


def is_full(asked: Asked) -> bool:
    return asked.adapter is None and not tuning.get(asked.peft["kind"]).makes_adapter


def held_in(asked: Asked, kind: str) -> str:
    """What the base's weights are held in: as `llmkit.tuning.opening.open_base` does."""
    if asked.adapter is None and tuning.get(asked.peft["kind"]).bits == 4:
        return INT4
    return BFLOAT16 if kind == "cuda" else FLOAT32


def compared(job: TrainingJob) -> dict[str, float] | None:
    """The plan beside what the run really took, in bytes; `off` as 0.1 for 10 % too little."""
    took, expected = job.measures.get("memory_peak_bytes"), planned_bytes(job)
    if not took or not expected:
        return None
    return {"planned": expected, "took": took, "off": took / expected - 1}


def planned_bytes(job: TrainingJob) -> float | None:
    """Bytes; None where nothing was planned."""
    found: float | None = (job.plan.get("memory") or {}).get("needed")
    return found
