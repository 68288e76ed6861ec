"""A report for the shell."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from lifecycle.models import Rehearsal
from lifecycle.report.saying import percent

Told = Mapping[str, Any]


def in_words(rehearsal: Rehearsal) -> str:
    return "\n".join(lines(rehearsal, rehearsal.report))


def lines(rehearsal: Rehearsal, report: Told) -> Iterator[str]:
    yield ""
    names = report["models"]
    size = rehearsal.get_size_display().lower()
    yield f"{rehearsal}, {size}: {names['before']} and {names['after']}"
    yield ""
    yield report["verdict"]["sentence"]
    yield ""
    yield f"The rule, {report['rule']['title'].lower()}: {report['rule']['sentence']}"
    yield ""
    yield "Before and after, with 95 % intervals:"
    for row in [*report["rows"], *report["changes"]]:
        yield f"  {row['label']}: {value(row['before'])} → {value(row['after'])}, {gap(row)}"
    yield ""
    right = report["reward"]
    if right["value"] is not None:
        yield (
            f"The reward model orders {percent(right['value'])} of {right['n']:.0f} held-out pairs "
            f"as the rule does ({percent(right['low'])} to {percent(right['high'])}; length alone "
            f"{percent(right['length_baseline'])})."
        )
    yield "Reward against KL, on held-out prompts:"
    for look in report["looks"]:
        kl = "" if look["kl"] is None else f", KL {look['kl']:.2f} nats an answer"
        between = "" if look["low"] is None else f" ({look['low']:.2f} to {look['high']:.2f})"
        yield f"  step {look['step']}: {look['score']:.2f}{between}, n {look['n']}{kl}"
    yield ""
    yield promotion(rehearsal)
    for cost in report["cost"]:
        tokens = f", {cost['tokens']:,} tokens" if cost["tokens"] else ""
        yield f"  {cost['stage']}: {cost['seconds']:,.0f} s{tokens}"
    address = f"http://{settings.HOST}:{settings.PORT}{rehearsal.get_absolute_url()}"
    yield f"The report with its pictures: {address}, while the site runs."


def value(told: Told) -> str:
    between = "" if told["low"] is None else f" ({told['low']:.3g} to {told['high']:.3g})"
    return f"{told['value']:.3g}{between}, n {told['n']}"


def gap(row: Told) -> str:
    found = row["difference"]
    between = "" if found["low"] is None else f" ({found['low']:+.3g} to {found['high']:+.3g})"
    return f"{found['value']:+.3g}{between}"


def promotion(rehearsal: Rehearsal) -> str:
    found = rehearsal.report["promotion"]
    if found["kept"]:
        name = rehearsal.report["models"]["after"]
        return f"New conversations begin with {name}. Roll it back on the page of promotions."
    return f"Promoted for the proof of it. {found['why']}"
