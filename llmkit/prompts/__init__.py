"""Prompt templates with zero, one or a few shots. Plain Python, usable from a notebook.

A prompt is an instruction and an input; showing the model labelled examples between them is
in-context learning: none is zero-shot, one is one-shot, several are few-shot.
"""

from llmkit.prompts import parsing
from llmkit.prompts.choosing import Similar, ways
from llmkit.prompts.errors import PromptTemplateError
from llmkit.prompts.parts import LAYOUTS, Example, Field
from llmkit.prompts.rendering import Rendered, check_known, input_text
from llmkit.prompts.shots import MAX_EXAMPLES, Shots
from llmkit.prompts.template import PromptTemplate

__all__ = [
    "LAYOUTS",
    "MAX_EXAMPLES",
    "Example",
    "Field",
    "PromptTemplate",
    "PromptTemplateError",
    "Rendered",
    "Shots",
    "Similar",
    "check_known",
    "input_text",
    "parsing",
    "ways",
]
