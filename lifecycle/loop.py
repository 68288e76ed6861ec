"""A rehearsal while it goes on: what it has made so far, and what its stages are made of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from feedback.rules.declared import RULES, Rule
from lifecycle.errors import LifecycleError
from lifecycle.models import Made, Rehearsal
from lifecycle.sizes import Plan
from training.models import ModelVersion


class Loop:
    """A rehearsal with what it has made so far. `tell` has the site's workers do the work."""

    def __init__(self, rehearsal: Rehearsal, *, tell: bool) -> None:
        self.rehearsal, self.tell = rehearsal, tell
        self.plan = Plan.restored(rehearsal.plan)
        self.owner = rehearsal.owner

    @property
    def rule(self) -> Rule:
        return RULES.get(self.plan.rule)

    def made(self, stage: str, role: str) -> Any:
        """LifecycleError where somebody has removed it."""
        found = Made.objects.filter(
            stage__rehearsal=self.rehearsal, stage__name=stage, role=role
        ).first()
        thing = found.thing if found else None
        if thing is None:
            raise LifecycleError(f"What the stage {stage} made was removed. Begin a new rehearsal.")
        return thing

    @property
    def model(self) -> ModelVersion:
        made: ModelVersion = self.made("model", "model")
        return made

    @property
    def trained(self) -> ModelVersion:
        version = self.made("ppo", "run").produced
        if version is None:
            raise LifecycleError("The model that PPO made was removed. Begin a new rehearsal.")
        found: ModelVersion = version
        return found


Maker = Callable[[Loop], Any]


@dataclass(frozen=True)
class Part:
    role: str
    kind: str
    make: Maker
    prepare: Callable[[Loop], object] | None = None


@dataclass(frozen=True)
class Stage:
    """`doing` says what happens in it, for who watches."""

    name: str
    title: str
    doing: str
    parts: tuple[Part, ...] = ()
    end: Callable[[Loop], dict[str, Any]] | None = None


def hidden(version: ModelVersion) -> None:
    """Offered to nobody; it goes on answering and can be measured."""
    ModelVersion.objects.filter(pk=version.pk).update(archived_at=timezone.now())


@contextmanager
def brought_out(loop: Loop, version: ModelVersion) -> Iterator[None]:
    """A throwaway model is archived, so that nobody is offered it. What may not be done with an
    archived one is done while it is not, within one transaction that nobody else sees."""
    if not loop.plan.throwaway:
        yield
        return
    ModelVersion.objects.filter(pk=version.pk).update(archived_at=None)
    yield
    hidden(version)
