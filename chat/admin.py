"""The chat in Django's admin: how much there is of what and whose.

What people write to a model is theirs. A superuser could read the database, but no page of this
site shows it to them by the way: such rows are listed without their words and not opened.
"""

from accounts.looking_up import look_up
from chat.models import (
    Attachment,
    Chunk,
    Column,
    Comparison,
    Conversation,
    Document,
    Generation,
    Message,
    Preset,
    PromptTemplate,
    PromptTemplateVersion,
    RewardLens,
    RewardScore,
)

look_up(
    Conversation,
    "id owner model pinned created_at updated_at deleted_at",
    filters="created_at deleted_at",
    search="id owner__username model",
    related="owner",
    private=True,
)
look_up(
    Message,
    "id conversation_id role created_at",
    filters="role created_at",
    search="=id =conversation__id",
    private=True,
)
look_up(
    Generation,
    "id message_id model state finish_reason prompt_tokens completion_tokens ttft_ms created_at",
    filters="state finish_reason created_at",
    search="=id =message__id model",
    private=True,
)
look_up(Chunk, "id generation_id start", search="=generation__id", private=True)
look_up(
    Document,
    "id owner kind size pages words created_at",
    filters="kind created_at",
    search="id owner__username",
    related="owner",
    private=True,
)
look_up(Attachment, "id message_id document_id place", search="=message__id", private=True)
look_up(
    Comparison,
    "id owner kind created_at updated_at deleted_at",
    filters="kind created_at",
    search="id owner__username",
    related="owner",
    private=True,
)
look_up(Column, "id comparison_id conversation_id place", private=True)
look_up(
    PromptTemplate,
    "name owner slug archived_at created_at",
    filters="created_at",
    search="name slug owner__username",
    related="owner",
)
look_up(
    PromptTemplateVersion,
    "template number spec_hash created_at",
    filters="created_at",
    search="template__name spec_hash",
    related="template",
)
look_up(Preset, "name owner", search="name owner__username", related="owner")
look_up(
    RewardLens,
    "owner reward_model",
    search="owner__username reward_model__name",
    related="owner reward_model",
)
look_up(
    RewardScore,
    "id message_id reward_model score created_at",
    search="reward_model__name =message__id",
    related="reward_model",
    private=True,
)
