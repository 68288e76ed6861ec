"""pass@k for code, unbiased (Chen et al. 2021, "Evaluating Large Language Models Trained on Code",
equation 1): the chance that one of k attempts drawn from n passes, of which c do.

The attempts were run by `evaluation.sandbox`, never in this process.

Sample: n = 3 attempts, c = 1 passes -> pass@1 1/3, pass@2 2/3
"""

from collections.abc import Mapping, Sequence
from math import comb

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import mean_of

TRIES = (1, 2, 5, 10, 100)


def estimate(n: int, c: int, k: int) -> float:
    """1 − C(n − c, k) / C(n, k)."""
    return 1.0 - comb(n - c, k) / comb(n, k)


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    fewest = min(len(item.attempts) for item in items)
    found = {}
    for k in (k for k in TRIES if k <= fewest):
        values = [estimate(len(item.attempts), sum(item.attempts), k) for item in items]
        signature = f"pass@{k}|unbiased|attempts:{fewest}|sandbox:bubblewrap"
        found[f"pass@{k}"] = Finding(mean_of(values), signature, values)
    return found


METRIC = file(
    Metric(
        name="pass_at_k",
        label="pass@k",
        summary="The chance that at least one of k programs passes a problem's tests. Programs run "
        "in a sandbox without network; where there is none, the measure is off.",
        formula="pass@k = (1/problems) Σ (1 − C(n − c, k) / C(n, k)),  c of n attempts pass",
        measures=tuple(Measure(f"pass@{k}", f"pass@{k}", main=k in (1, 10)) for k in TRIES),
        needs=frozenset({Need.ATTEMPTS}),
        compute=compute,
        example=Example(
            (Item(attempts=(True, False, False)), Item(attempts=(False, False, False))),
            {"pass@1": 1 / 6, "pass@2": 1 / 3},
            "One of three passes: pass@1 1/3, pass@2 1 − C(2,2)/C(3,2) = 2/3; the other problem "
            "gives 0.",
        ),
        source="Chen et al. (2021)",
    )
)
