"""What a person asks for, checked against the method's slots and settings before a row is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from llmkit import tuning
from llmkit.configs import ConfigError, read, written
from llmkit.registry import RegistryError, near_names
from training import methods
from training.methods import Method
from training.models import DatasetVersion, ModelVersion
from training.run import several
from training.services.datasets import DatasetError, version_named
from training.services.errors import RunsError
from training.services.places import NAME
from training.services.runs.slots import slot_of, why_no_dataset, why_no_model

PEFT = "peft"
MOST_PROCESSES = 64
OWN = ("name", "model", "adapter", "reward_model", "dataset", "peft", "priority", "processes")


@dataclass(frozen=True)
class Input:
    version: DatasetVersion
    weight: float = 1.0


@dataclass(frozen=True)
class Asked:
    """A run that can be made."""

    method: Method
    name: str
    config: dict[str, Any]
    peft: dict[str, Any]
    model: ModelVersion
    adapter: ModelVersion | None = None
    reward_model: ModelVersion | None = None
    data: tuple[Input, ...] = field(default_factory=tuple)
    priority: int = 0
    processes: int = 1


def asked(method_name: str, values: Mapping[str, Any]) -> Asked:
    """From the values of a file or a form. RunsError with the first thing that is wrong."""
    try:
        method = methods.get(method_name)
        return _asked(method, values)
    except ConfigError as error:
        raise RunsError(str(error), error.name) from error
    except DatasetError as error:
        raise RunsError(str(error), "dataset") from error
    except RegistryError as error:
        raise RunsError(str(error)) from error


def _asked(method: Method, values: Mapping[str, Any]) -> Asked:
    rest = {name: value for name, value in values.items() if name not in OWN}
    config = written(read(method.config, rest))
    model, adapter = trained(method, values)
    return Asked(
        method=method,
        name=name_of(values.get("name") or method.name),
        config=config,
        peft=peft_of(method, values.get("peft"), adapter),
        model=model,
        adapter=adapter,
        reward_model=chosen(method, "reward_model", values, base=model),
        data=data_of(method, values.get("dataset")),
        priority=priority_of(values.get("priority") or 0),
        processes=processes_of(method, config, values.get("processes") or 1),
    )


def name_of(name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RunsError(
            "The name must have letters, digits and . _ - and begin with a letter or digit.",
            "name",
        )
    return name[:80]


def processes_of(method: Method, config: Mapping[str, Any], value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PROCESSES:
        raise RunsError(
            f"processes must be a whole number from 1 to {MOST_PROCESSES}.", "processes"
        )
    if problem := several.why_not(method, config["batch_size"], value):
        raise RunsError(problem, "processes")
    return value


def priority_of(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1000:
        raise RunsError("priority must be a whole number from -1000 to 1000.", "priority")
    return value


def trained(method: Method, values: Mapping[str, Any]) -> tuple[ModelVersion, ModelVersion | None]:
    """The base model and the adapter to go on from, whose own base is taken where none is named."""
    slot = slot_of(method, "adapter")
    going_on = values.get("adapter") if slot else None
    adapter = version_of(going_on, "adapter") if going_on else None
    named = values.get("model")
    model = version_of(named or settings.DEFAULT_MODEL)
    if adapter is not None and adapter.base is not None and not named:
        model = adapter.base
    require(why_no_model(method.slots[0], model), "model")
    return model, chosen(method, "adapter", values, base=model)


def chosen(
    method: Method, name: str, values: Mapping[str, Any], *, base: ModelVersion
) -> ModelVersion | None:
    slot, named = slot_of(method, name), values.get(name)
    if slot is None:
        require(f"{method.label} takes no {name}. Leave it out." if named else "", name)
        return None
    if not named:
        require(f"{slot.label}: name one as {name}." if slot.required else "", name)
        return None
    version = version_of(named, name)
    require(why_no_model(slot, version, base=base), name)
    return version


def version_of(name: object, slot: str = "model") -> ModelVersion:
    known = ModelVersion.objects.known()
    found = known.select_related("base").called(str(name))
    if found is None:
        near = near_names(str(name), known.values_list("name", flat=True))
        raise RunsError(f"There is no model '{name}'. {near}", slot)
    return found


def require(why_not: str, field: str = "") -> None:
    if why_not:
        raise RunsError(why_not, field)


def peft_of(method: Method, value: Any, adapter: ModelVersion | None) -> dict[str, Any]:
    """A way's name, or an object with `kind` and its settings; the first of the method's else."""
    if value and adapter is not None:
        raise RunsError("An adapter goes on as it is. Leave out peft, or leave out adapter.", PEFT)
    found = {"kind": value} if isinstance(value, str) else value or {}
    if not isinstance(found, Mapping):
        sentence = 'peft must be a name or an object such as {"kind": "lora", "rank": 8}.'
        raise RunsError(sentence, PEFT)
    wanted = {name: setting for name, setting in found.items() if name != "kind"}
    way = tuning.get(str(found.get("kind", method.ways[0])))
    if way.name not in method.ways:
        known = ", ".join(method.ways)
        raise RunsError(f"{method.label} can't be done with {way.label}. It takes: {known}.", PEFT)
    try:
        return {"kind": way.name, **written(read(way.config, wanted))}
    except ConfigError as error:
        raise RunsError(str(error), f"{PEFT}.{error.name}") from error


def data_of(method: Method, value: Any) -> tuple[Input, ...]:
    """Names, or objects with `name`, `version` and `weight`; one or several."""
    slot = slot_of(method, "dataset")
    if slot is None or not value:
        require("Name a dataset." if slot is not None and slot.required else "", "dataset")
        return ()
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    too_many = len(several) > 1 and not slot.many
    require(f"{method.label} takes one dataset." if too_many else "", "dataset")
    found = tuple(input_of(each) for each in several)
    for each in found:
        require(why_no_dataset(slot, each.version), "dataset")
    return found


def input_of(value: Any) -> Input:
    if isinstance(value, DatasetVersion):
        return Input(value)
    if isinstance(value, Input):
        return value
    said = {"name": value} if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not isinstance(said.get("name"), str):
        sentence = 'A dataset is a name, or an object such as {"name": "sums", "weight": 2}.'
        raise RunsError(sentence, "dataset")
    number, weight = said.get("version"), said.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < 1e9:
        raise RunsError("A dataset's weight must be a number above 0.", "dataset")
    if number is not None and not isinstance(number, int):
        raise RunsError("A dataset's version must be a whole number.", "dataset")
    return Input(version_named(said["name"], number), float(weight))
