"""How large a rehearsal is: every number of its stages, stored with it when it begins."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "prompts"
PRACTICE, QUESTIONS = HERE / "practice.txt", HERE / "questions.jsonl"
THROWAWAY = "rehearsal-tiny"
RULE = "plain"


@dataclass(frozen=True)
class Plan:
    """`practice` prompts get `candidates` answers of at most `longest` tokens, drawn as the model
    is measured and trained: at `temperature` and from the whole vocabulary. `questions` are held
    out of everything and answered before and after. `benchmark` measures abilities on the first
    `limit` items of each task. `throwaway`: the model is made for the rehearsal and good for
    nothing, so nobody's conversations begin with what came of it.
    """

    model: str
    throwaway: bool
    rule: str
    practice: int
    questions: int
    candidates: int
    longest: int
    temperature: float
    seed: int
    benchmark: str
    limit: int | None
    reward: dict[str, Any] = field(default_factory=dict)
    ppo: dict[str, Any] = field(default_factory=dict)
    promote: bool = True

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Plan":
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def drawing(self) -> dict[str, Any]:
        """The settings that every answer is drawn with."""
        kept = {"temperature": self.temperature, "max_tokens": self.longest}
        return {**kept, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}


def plan_for(
    size: str, model: str, *, rule: str = RULE, seed: int = 42, promote: bool = True
) -> Plan:
    """`model`: the name of the one to train; empty for the throwaway one of a quick rehearsal."""
    make = quick if size == "quick" else full
    return make(model, rule, seed, promote)


def quick(model: str, rule: str, seed: int, promote: bool) -> Plan:
    """Minutes on a model of two layers: it shows that the loop runs, not that it is worth it."""
    return Plan(
        model=model or THROWAWAY,
        throwaway=not model,
        rule=rule,
        practice=32,
        questions=24,
        candidates=4,
        longest=24,
        temperature=1.0,
        seed=seed,
        benchmark="starter_facts",
        limit=8,
        reward={
            "peft": {"kind": "lora", "rank": 8, "alpha": 16},
            "learning_rate": 5e-3,
            "epochs": 4,
            "batch_size": 8,
            "max_length": 256,
            "evaluate_every": 8,
            "save_every": 4,
        },
        ppo={
            "peft": {"kind": "lora", "rank": 8, "alpha": 16},
            "learning_rate": 5e-3,
            "decay": "constant",
            "max_steps": 16,
            "batch_size": 16,
            "minibatch": 8,
            "passes": 2,
            "max_prompt": 256,
            "kl_coefficient": 0.05,
            "kl_target": 6.0,
            "kl_horizon": 200.0,
            "held_out": 16,
            "evaluate_every": 4,
            "save_every": 4,
        },
        promote=promote,
    )


def full(model: str, rule: str, seed: int, promote: bool) -> Plan:
    """Half an hour of one processor core on a model of 135 M parameters.

    A cut answer costs nothing: nearly all of this length are cut, and the rule does not mind. With
    a price on it the model learns to say nothing, which ends soonest.
    """
    return Plan(
        model=model,
        throwaway=False,
        rule=rule,
        practice=96,
        questions=40,
        candidates=6,
        longest=32,
        temperature=0.8,
        seed=seed,
        benchmark="starter",
        limit=None,
        reward={
            "peft": {"kind": "lora", "rank": 16, "alpha": 32, "last_layers": 15},
            "learning_rate": 5e-4,
            "epochs": 5,
            "batch_size": 4,
            "accumulate": 2,
            "max_length": 160,
            "evaluate_every": 10,
            "save_every": 5,
        },
        ppo={
            "peft": {"kind": "lora", "rank": 16, "alpha": 32, "last_layers": 15},
            "learning_rate": 5e-4,
            "decay": "constant",
            "max_steps": 32,
            "batch_size": 16,
            "minibatch": 8,
            "passes": 2,
            "max_prompt": 96,
            "missing_end": 0.0,
            "kl_coefficient": 0.05,
            "kl_target": 10.0,
            "kl_horizon": 80.0,
            "held_out": 24,
            "evaluate_every": 8,
            "save_every": 4,
        },
        promote=promote,
    )
