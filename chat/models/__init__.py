"""Conversations as trees of messages with their files, the generations that wrote them, and prompt
templates."""

from chat.models.comparison import Column, Comparison
from chat.models.conversation import Conversation, Message
from chat.models.document import Attachment, Document
from chat.models.generation import Chunk, Generation
from chat.models.preset import Preset
from chat.models.prompt_template import PromptTemplate, PromptTemplateVersion
from chat.models.reward_lens import RewardLens, RewardScore

__all__ = [
    "Attachment",
    "Chunk",
    "Column",
    "Comparison",
    "Conversation",
    "Document",
    "Generation",
    "Message",
    "Preset",
    "PromptTemplate",
    "PromptTemplateVersion",
    "RewardLens",
    "RewardScore",
]
