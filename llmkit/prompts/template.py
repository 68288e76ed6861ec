"""A prompt template: an instruction, fields, and a pool of labelled examples.

A small one, as stored:

    instruction: Say whether the review is positive or negative. Answer with one word.
    fields: [{name: review, label: Review, multiline: true}]
    input_format: "Review: {review}"
    output_label: "Sentiment:"
    examples: [{inputs: {review: I would buy it again.}, output: positive}]
    shots: {count: 1, choose: first}
    layout: chat
    settings: {temperature: 0, max_tokens: 8}
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from llmkit.prompts.checking import checked_parts
from llmkit.prompts.choosing import Similar
from llmkit.prompts.parts import Example, Field
from llmkit.prompts.rendering import Piece, Rendered, pieces, render_template
from llmkit.prompts.shots import Shots
from llmkit.types import GenerationSettings


@dataclass(frozen=True)
class PromptTemplate:
    """Build it with `from_dict`, which checks it. See the module for the meaning of each part.

    `instruction_as` places the instruction of a chat layout: a system message, or the beginning
    of the first user turn. `output_label` is the cue before each answer in an inline layout; a
    space follows it unless it ends in white space of its own. `settings` are suggestions, as a
    part of GenerationSettings.
    """

    instruction: str
    fields: tuple[Field, ...]
    input_format: str
    output_label: str = ""
    examples: tuple[Example, ...] = ()
    shots: Shots = field(default_factory=Shots)
    layout: str = "chat"
    instruction_as: str = "system"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """A checked template, or PromptTemplateError with one sentence."""
        return cls(**checked_parts(data))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON or YAML; `from_dict` gives the same template back."""
        data = asdict(self)
        for part in ("fields", "examples"):
            data[part] = list(data[part])
        return {**data, "shots": self.shots.to_dict(), "settings": dict(self.settings)}

    def spec_hash(self) -> str:
        """SHA-256 of the canonical JSON: equal exactly when the templates are."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def field_names(self) -> list[str]:
        return [field.name for field in self.fields]

    def suggested(self, base: GenerationSettings) -> GenerationSettings:
        """`base` with what this template suggests put over it."""
        return GenerationSettings.from_dict({**base.to_dict(), **self.settings})

    def render(
        self,
        inputs: Mapping[str, str],
        shots: Shots | None = None,
        *,
        similar: Similar | None = None,
    ) -> Rendered:
        """The exact messages for these inputs; `similar` ranks the pool for that way of choosing.

        Raises PromptTemplateError when an input is missing or unknown, or the shots don't fit.
        """
        return render_template(self, inputs, shots or self.shots, similar)

    def pieces(self, inputs: Mapping[str, str], used: Sequence[int]) -> list[Piece]:
        """Where each part of the prompt comes from, for those examples of the pool."""
        return pieces(self, inputs, used)
