"""What a method is handed: where the models and rows are, and whom it tells."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmkit import tuning
from llmkit.configs import ConfigError, read
from llmkit.registry import RegistryError
from training.run.errors import RunError, Stopped
from training.run.events import Report
from training.run.folder import RunFolder
from training.run.several import world
from training.run.stopping import Stop


@dataclass(frozen=True)
class Data:
    """The files of one dataset version by split; `weight` is its share in a mixture."""

    name: str
    files: Mapping[str, str]
    weight: float = 1.0


@dataclass(frozen=True)
class ModelAt:
    """A model's folder and the name it is known by; the name goes into what is made from it."""

    name: str
    path: str


@dataclass
class Work:
    folder: RunFolder
    report: Report
    stop: Stop
    base: ModelAt
    way: str = "lora"
    way_config: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "auto"
    adapter: ModelAt | None = None
    reward: ModelAt | None = None
    reward_base: str | None = None
    data: tuple[Data, ...] = ()
    threads: int = 0

    def rows(self, split: str, data: Data | None = None) -> Iterator[dict[str, Any]]:
        """The rows of a split, of one dataset or of all. RunError for a line that is no row."""
        for each in (data,) if data else self.data:
            name = each.files.get(split)
            if name:
                for row in read_rows(self.folder.path / name):
                    self.go_on()
                    yield row

    def go_on(self) -> None:
        """Stopped where someone wants that; several processes stop together after a step only."""
        if self.stop.wanted and world() == 1:
            raise Stopped

    def tuned(self, model: Any) -> Any:
        """The model with what learns, as the run's way of tuning makes it, or goes on with it."""
        from llmkit.tuning.opening import with_adapter

        if self.adapter is not None:
            refuse_vectors_alone(Path(self.adapter.path))
            return with_adapter(model, Path(self.adapter.path), learns=True)
        way = tuning.get(self.way)
        return way.adapt(model, read(way.config, self.way_config))


def refuse_vectors_alone(adapter: Path) -> None:
    """RunError for an adapter that PEFT can't train further though it would begin to."""
    config = adapter / "adapter_config.json"
    if config.is_file() and json.loads(config.read_text()).get("peft_type") == "P_TUNING":
        raise RunError(
            "A P-tuning adapter can't be trained further: it holds the vectors, not the network "
            "that made them. Train a new one from the base model."
        )


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
    except (OSError, ValueError) as error:
        raise RunError(f"The run's data file {path.name} can't be read: {error}.") from error


def work_of(folder: RunFolder, report: Report, stop: Stop, config: Mapping[str, Any]) -> Work:
    """From `config.json`. RunError with a sentence about the first thing that is wrong."""
    try:
        peft = dict(config.get("peft") or {})
        way = tuning.get(peft.pop("kind", "lora"))
        read(way.config, peft)
        return Work(
            folder=folder,
            report=report,
            stop=stop,
            base=ModelAt(**config["model"]),
            way=way.name,
            way_config=peft,
            precision="int4" if way.bits == 4 else config.get("precision", "auto"),
            adapter=model_at(config.get("adapter")),
            reward=model_at(config.get("reward_model")),
            reward_base=config.get("reward_base"),
            data=tuple(Data(**each) for each in config.get("data", [])),
            threads=int(config.get("threads", 0)),
        )
    except (ConfigError, RegistryError) as error:
        raise RunError(str(error)) from error
    except (KeyError, TypeError) as error:
        raise RunError(f"The run's config.json lacks or misspells something: {error}.") from error


def model_at(found: Mapping[str, str] | None) -> ModelAt | None:
    return ModelAt(**found) if found else None
