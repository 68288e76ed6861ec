"""What a reward model gives the answers, on the mean. The model's scores come with the items.

Sample: scores 0.5 and 1.5 -> 1
"""

from collections.abc import Mapping, Sequence

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import mean_of


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    values = [item.reward for item in items]
    return {"reward": Finding(mean_of(values), "reward|normalised|aggregate:mean", values)}


METRIC = file(
    Metric(
        name="reward",
        label="Reward-model score",
        summary="What a reward model, trained on people's preferences here, thinks of the answers. "
        "0 is the average of what it was trained on, 1 one standard deviation above.",
        formula="score = (1/n) Σ (r(prompt, output) − mean) / deviation",
        measures=(Measure("reward", "Reward", low=None, high=None),),
        needs=frozenset({Need.OUTPUTS, Need.REWARD_MODEL}),
        compute=compute,
        example=Example(
            (Item("Gladly.", reward=1.5), Item("No.", reward=0.5)),
            {"reward": 1.0},
            "(1.5 + 0.5) / 2 = 1.",
        ),
        warnings=("A model trained against this reward model scores high without being better.",),
    )
)
