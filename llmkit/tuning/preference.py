"""Pairs of answers, grouped so that all pairs of a prompt are learned in one step.

K answers have up to K (K − 1) / 2 pairs but are read K times, not K (K − 1) (Ouyang et al. 2022,
3.5). The pairs of a prompt weigh 1 together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmkit.engine.prompt import PromptBuilder
from llmkit.tuning.sequences import answer_tokens, prompt_tokens

if TYPE_CHECKING:
    from torch import Tensor


VOTES = ("for", "against", "ties")


@dataclass(frozen=True)
class Pair:
    """Places in the group's answers. `agreement` is how often two people say the same of it;
    `support` and `opposition` the shares of people who said so, and who said the reverse."""

    chosen: int
    rejected: int
    weight: float
    margin: float
    agreement: float | None
    support: float = 1.0
    opposition: float = 0.0


@dataclass
class Group:
    """One prompt: its answers as whole sequences of tokens, and which beats which."""

    sequences: list[list[int]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


@dataclass
class Grouped:
    """`dropped`: pairs of which an answer was longer than the longest sequence."""

    groups: list[Group]
    dropped: int

    @property
    def pairs(self) -> int:
        return sum(len(group.pairs) for group in self.groups)


def grouped(
    prompts: PromptBuilder, rows: Iterable[Mapping[str, Any]], *, eos: int, longest: int
) -> Grouped:
    """Rows {messages, chosen, rejected, weight?, margin?, votes?} by their prompt."""
    by_prompt: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_prompt.setdefault(json.dumps(row["messages"], sort_keys=True), []).append(row)
    dropped, groups = 0, []
    for found in by_prompt.values():
        group, lost = group_of(prompts, found, eos, longest)
        dropped += lost
        if group.pairs:
            groups.append(group)
    return Grouped(groups, dropped)


def group_of(
    prompts: PromptBuilder, rows: Sequence[Mapping[str, Any]], eos: int, longest: int
) -> tuple[Group, int]:
    asked = prompt_tokens(prompts, rows[0]["messages"])
    group = Group()
    known: dict[str, int | None] = {}
    whole = sum(float(row.get("weight") or 1 / len(rows)) for row in rows)
    for row in rows:
        for text in (row["chosen"], row["rejected"]):
            if text not in known:
                known[text] = placed(group, asked, answer_tokens(prompts, text, eos), longest)
        chosen, rejected = known[row["chosen"]], known[row["rejected"]]
        if chosen is not None and rejected is not None:
            group.pairs.append(pair_of(row, chosen, rejected, len(rows), whole))
    return group, len(rows) - len(group.pairs)


def placed(group: Group, asked: list[int], answer: list[int], longest: int) -> int | None:
    """The answer's place in the group; None where it does not fit."""
    if len(asked) + len(answer) > longest:
        return None
    group.sequences.append([*asked, *answer])
    group.lengths.append(len(answer))
    return len(group.sequences) - 1


def pair_of(row: Mapping[str, Any], chosen: int, rejected: int, rows: int, whole: float) -> Pair:
    weight = float(row.get("weight") or 1 / rows) / whole
    margin = float(row.get("margin") or 0)
    votes = row.get("votes") or {}
    people = sum(votes.get(name, 0) for name in VOTES) or 1
    shares = (votes.get(name, 0) / people for name in ("for", "against"))
    return Pair(chosen, rejected, weight, margin, agreement(votes), *shares)


def agreement(votes: Mapping[str, int]) -> float | None:
    """The chance that two of the people who judged the pair said the same; None below two."""
    counts = [votes.get(name, 0) for name in VOTES]
    people = sum(counts)
    if people < 2:
        return None
    return sum(n * (n - 1) for n in counts) / (people * (people - 1))


def pair_loss(
    better: "Tensor",
    worse: "Tensor",
    weights: "Tensor",
    margins: "Tensor",
    *,
    prompts: int,
    centring: float = 0.0,
) -> "Tensor":
    """Σ w · −log σ(r_c − r_r − m) / prompts + centring · mean (r_c + r_r)²; all [pairs].

    Bradley and Terry 1952; the margin as in Touvron et al. 2023 (arXiv:2307.09288), the centring
    as in Eisenstein et al. 2023 (arXiv:2312.09244).
    """
    from torch.nn.functional import logsigmoid

    won = (weights * -logsigmoid(better - worse - margins)).sum() / prompts
    return won + centring * ((better + worse) ** 2).mean() if centring else won
