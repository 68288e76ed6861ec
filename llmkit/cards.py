"""A model card, written from what is known: YAML head as model hubs read it, then Markdown.

The head's fields are those of huggingface.co/docs/hub/model-cards; what is not known is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

HUB_LICENCES = {"MIT": "mit", "Apache-2.0": "apache-2.0", "BSD-3-Clause": "bsd-3-clause"}
RELATIONS = {"adapter": "adapter", "merged": "merge", "base": "finetune", "reward": "adapter"}


@dataclass(frozen=True)
class DataUsed:
    """A frozen dataset version; `sha256` is over the names and hashes of all its files."""

    name: str
    rows: int
    sha256: str
    licence: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Card:
    """`kind` is adapter, merged, base or reward; `steps` says in a sentence each how it came about,
    the oldest first; `base_id` is the base's hub id where there is one, else its name here."""

    name: str
    kind: str
    base_id: str = ""
    licence: str = ""
    architecture: str = ""
    parameters: int | None = None
    method: str = ""
    way: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[DataUsed] = ()
    measures: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[str] = ()
    notes: str = ""
    tags: Sequence[str] = ()
    content_hash: str = ""


def written(card: Card) -> str:
    """The whole README.md."""
    parts = [
        f"---\n{head(card)}---",
        f"# {plain(card.name)}",
        what_it_is(card),
        section("How it was made", "\n".join(f"{n}. {s}" for n, s in enumerate(card.steps, 1))),
        section("Data", data_table(card.data)),
        section("Settings", pairs(card.settings)),
        section("Measures", pairs(card.measures)),
        section("How to use it", use(card)),
        section("What it is for, and its limits", limits(card)),
        section("Notes", plain(card.notes)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def head(card: Card) -> str:
    facts: dict[str, Any] = {
        "base_model": card.base_id,
        "base_model_relation": RELATIONS.get(card.kind, "") if card.base_id else "",
        "library_name": "peft" if card.kind in ("adapter", "reward") else "transformers",
        "pipeline_tag": "text-classification" if card.kind == "reward" else "text-generation",
        **licence_of(card.licence),
        "tags": [tag for tag in (card.method, card.way, *card.tags) if tag],
    }
    kept = {name: value for name, value in facts.items() if value}
    return str(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


def licence_of(licence: str) -> dict[str, str]:
    if not licence:
        return {}
    if licence in HUB_LICENCES:
        return {"license": HUB_LICENCES[licence]}
    return {"license": "other", "license_name": licence}


def what_it_is(card: Card) -> str:
    kinds = {
        "adapter": "An adapter for {base}",
        "reward": "A reward model over {base}: it scores an answer to a prompt",
        "merged": "A model: {base} with an adapter merged into its weights",
        "base": "A model trained from {base}" if card.base_id else "A model",
    }
    words = [kinds.get(card.kind, "A model").format(base=f"`{plain(card.base_id)}`") + "."]
    if card.architecture:
        words.append(f"Architecture: {plain(card.architecture)}.")
    if card.parameters:
        words.append(f"Parameters in these files: {card.parameters:,}.")
    if card.content_hash:
        words.append(f"Content hash: `{card.content_hash}`.")
    return " ".join(words)


def section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text.strip() else ""


def data_table(data: Sequence[DataUsed]) -> str:
    if not data:
        return ""
    lines = ["| Dataset | Kind | Rows | Licence | SHA-256 |", "|---|---|---:|---|---|"]
    for one in data:
        words = (one.name, one.kind, f"{one.rows:,}", one.licence or "not stated")
        lines.append(f"| {' | '.join(map(cell, words))} | `{one.sha256}` |")
    return "\n".join(lines)


def pairs(values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    rows = [f"| {cell(name)} | {cell(shown(value))} |" for name, value in values.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def use(card: Card) -> str:
    base = card.base_id or "BASE"
    if card.kind == "adapter":
        return (
            "```python\nfrom peft import PeftModel\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
            f'base = AutoModelForCausalLM.from_pretrained("{plain(base)}")\n'
            f'tokenizer = AutoTokenizer.from_pretrained("{plain(base)}")\n'
            'model = PeftModel.from_pretrained(base, "path/of/this/folder")\n```'
        )
    if card.kind == "reward":
        return (
            "The adapter goes over the base's layers; `head.safetensors` is a linear layer that "
            "makes a number of the last hidden state at the answer's last token, and `reward.json` "
            "holds the mean and standard deviation that scores are normalised with."
        )
    return (
        "```python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'model = AutoModelForCausalLM.from_pretrained("path/of/this/folder")\n'
        'tokenizer = AutoTokenizer.from_pretrained("path/of/this/folder")\n```'
    )


def limits(card: Card) -> str:
    said = []
    if card.data:
        said.append("It does what the data above shows, as far as its method takes it.")
    only = "It was measured on what stands above and on nothing else"
    measured = only if card.measures else "It was not measured"
    said.append(f"{measured}: measure it on your own task before you rely on it.")
    if card.base_id:
        said.append(f"It keeps the limits and the biases of {plain(card.base_id)}, and its terms.")
    if card.kind == "reward":
        said.append("Its scores compare answers to one prompt; they are no truth about an answer.")
    return " ".join(said)


def plain(text: str) -> str:
    """Text of people and files, without what would close a code block or begin markup."""
    return text.replace("`", "'").replace("<", "&lt;")


def cell(text: str) -> str:
    return plain(" ".join(str(text).split())).replace("|", "\\|")
