"""A reward model as the judge of outputs."""

from collections.abc import Sequence

from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring import Judge
from training.services.errors import RunsError
from training.services.runs import scoring as rewards


def judge(name: str) -> Judge:
    """Scores by the reward model of that name. EvaluationsError where it can't be used."""
    try:
        version = rewards.reward_named(name)
    except RunsError as error:
        raise EvaluationsError(str(error), "reward_model") from error

    def scores(answers: Sequence[tuple[str, str]]) -> list[float]:
        asked = (([{"role": "user", "content": prompt}], said) for prompt, said in answers)
        try:
            return list(rewards.scores(version, iter(asked)))
        except RunsError as error:
            raise EvaluationsError(str(error), "reward_model") from error

    return scores
