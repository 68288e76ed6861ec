"""What to lower where memory runs out, by the names that the run's form has for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmkit import tuning
from llmkit.configs import Setting, settings_of
from llmkit.registry import RegistryError
from training import methods
from training.methods import Method

SIZES = ("batch_size", "minibatch", "max_length", "max_prompt", "max_answer")
PLAIN = "Clone it with a lower batch size or shorter rows."


def what_to_lower(config: Mapping[str, Any]) -> str:
    """A sentence from what `config.json` holds: sizes first, then what saves memory otherwise."""
    try:
        method = methods.get(str(config.get("method")))
        found = [*sizes(method, config), *savings(method, config)]
    except (RegistryError, AttributeError):
        return PLAIN
    return f"Clone it with {either(found)}." if found else PLAIN


def sizes(method: Method, config: Mapping[str, Any]) -> Iterator[str]:
    """ "a lower Batch size (it was 4)", for what is above the least that it can be."""
    for setting in settings_of(method.config):
        if setting.name in SIZES:
            value = value_of(setting, config)
            if value > (setting.about.minimum or 0):
                yield f"a lower {setting.about.label} (it was {value:,})"


def savings(method: Method, config: Mapping[str, Any]) -> Iterator[str]:
    known = {setting.name: setting for setting in settings_of(method.config)}
    saving = known.get("gradient_checkpointing")
    if saving is not None and not value_of(saving, config):
        yield f"{saving.about.label} switched on"
    kind = str((config.get("peft") or {}).get("kind", "lora"))
    for lighter in ("lora",) if kind == "full" else ("qlora",) if kind == "lora" else ():
        if lighter in method.ways and not config.get("adapter"):
            yield f"{tuning.get(lighter).label} instead of {tuning.get(kind).label}"


def value_of(setting: Setting, config: Mapping[str, Any]) -> Any:
    return (config.get("config") or {}).get(setting.name, setting.default)


def either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
