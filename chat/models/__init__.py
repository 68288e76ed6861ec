"""Conversations as trees of messages, the generations that wrote them, and prompt templates."""

from chat.models.comparison import Column, Comparison
from chat.models.conversation import Conversation, Message
from chat.models.generation import Chunk, Generation
from chat.models.preset import Preset
from chat.models.prompt_template import PromptTemplate, PromptTemplateVersion

__all__ = [
    "Chunk",
    "Column",
    "Comparison",
    "Conversation",
    "Generation",
    "Message",
    "Preset",
    "PromptTemplate",
    "PromptTemplateVersion",
]
