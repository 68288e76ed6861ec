"""The one error of prompt templates."""


class PromptTemplateError(ValueError):
    """A template or its use is wrong; the text is one sentence that says what to change."""
