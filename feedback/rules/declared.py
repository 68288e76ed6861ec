"""Rankings that no person made: a rule, declared in one sentence, that says how good an answer is.

Its rankings are filed under a labeler of the kind "declared rule" and never count as people's.

Sample, by the rule "plain": "It is a big one" is better than "Its dimensions are considerable".
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedback.rules.pairs import Ranking
from llmkit.registry import Registry

Worth = tuple[float, ...]


@dataclass(frozen=True)
class Said:
    """An answer. `finished`: it came to its own end and was not cut at its longest."""

    text: str
    finished: bool


@dataclass(frozen=True)
class Measure:
    """The number that a rule looks at, to be shown as a mean; `label` in words."""

    label: str
    of: Callable[[Said], float]


@dataclass(frozen=True)
class Rule:
    """`title` names it in a word or two, `sentence` declares it. A larger `worth` is better, an
    equal one is a tie; `acceptable` says whether an answer is good enough at all."""

    name: str
    version: int
    title: str
    sentence: str
    worth: Callable[[Said], Worth]
    acceptable: Callable[[Said], bool]
    measure: Measure

    @property
    def labeler(self) -> str:
        """The name that its rankings are filed under: another version is another labeler."""
        return f"rule {self.name}, version {self.version}"

    def ranking(self, answers: Sequence[Said]) -> Ranking:
        """The best tier first. Where no answer is acceptable they are all bad."""
        tiers: dict[Worth, list[int]] = defaultdict(list)
        for place, said in enumerate(answers):
            tiers[self.worth(said)].append(place)
        bad = frozenset(n for n, said in enumerate(answers) if not self.acceptable(said))
        if len(bad) == len(answers):
            everything = tuple(range(len(answers)))
            return Ranking(len(answers), (everything,), unacceptable=bad, all_bad=True).checked()
        ordered = tuple(tuple(tiers[worth]) for worth in sorted(tiers, reverse=True))
        return Ranking(len(answers), ordered, unacceptable=bad).checked()


RULES: Registry[Rule] = Registry("declared rule")


def words(said: Said) -> int:
    return len(said.text.split())


def has_words(said: Said) -> bool:
    return words(said) > 0


def letters(said: Said) -> float:
    """On the mean of the words; 0 without any."""
    return sum(map(len, said.text.split())) / max(words(said), 1)


def plain(said: Said) -> Worth:
    return (1.0, -round(letters(said), 1)) if has_words(said) else (0.0, 0.0)


def concise(said: Said) -> Worth:
    """Words count only among answers that end: none of those that were cut is known to be short."""
    if not has_words(said):
        return (0.0, 0.0)
    return (2.0, -float(words(said))) if said.finished else (1.0, 0.0)


PLAIN = RULES.register("plain")(
    Rule(
        name="plain",
        version=1,
        title="Plain words",
        sentence="Of two answers the one whose words are shorter on average, to a tenth of a "
        "letter, is better; an answer without a word is the worst and not acceptable.",
        worth=plain,
        acceptable=has_words,
        measure=Measure("Letters in a word", letters),
    )
)
CONCISE = RULES.register("concise")(
    Rule(
        name="concise",
        version=1,
        title="Short and finished",
        sentence="An answer that came to its own end is better than one that was cut off at the "
        "longest length; of those that ended, the one with fewer words is better; an answer "
        "without a word is the worst and not acceptable.",
        worth=concise,
        acceptable=has_words,
        measure=Measure("Words in an answer", lambda said: float(words(said))),
    )
)
