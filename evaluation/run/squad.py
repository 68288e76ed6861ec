"""SQuAD's two measures under the name by which tasks of the harness import them.

lm-eval 0.4.13 takes them from `transformers.data.metrics.squad_metrics`, which transformers 5 no
longer has; ReCoRD and XQuAD can't be read without it. The arithmetic is `evaluation.metrics`'.
"""

import importlib.util
import sys
from types import ModuleType

from evaluation import metrics
from evaluation.metrics import Item

PACKAGE = "transformers.data.metrics"


def compute_f1(gold: str, said: str) -> float:
    return of("token_f1", gold, said)


def compute_exact(gold: str, said: str) -> int:
    return int(of("exact_match", gold, said))


def of(name: str, gold: str, said: str) -> float:
    finding = metrics.get(name).measure([Item(said, (gold,))])[name]
    return float((finding.per_item or (0.0,))[0] or 0.0)


def provide() -> None:
    """Once, and only where the library lacks it."""
    if PACKAGE in sys.modules or importlib.util.find_spec(PACKAGE) is not None:
        return
    package, module = ModuleType(PACKAGE), ModuleType(f"{PACKAGE}.squad_metrics")
    module.__dict__.update(compute_f1=compute_f1, compute_exact=compute_exact)
    package.__dict__.update(squad_metrics=module, __path__=[])
    sys.modules.update({package.__name__: package, module.__name__: module})
