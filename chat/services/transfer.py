"""Taking conversations in from a file."""

from django.db import transaction

from accounts.models import User
from chat.models import Conversation, Message
from chat.services.conversations import title_from
from chat.transfer.reading import ReadConversation, read


def import_file(*, owner: User, data: bytes) -> list[Conversation]:
    """All conversations of the file or, with a TransferError, none of them."""
    found = read(data)
    with transaction.atomic():
        return [_store(owner, conversation) for conversation in found]


def _store(owner: User, found: ReadConversation) -> Conversation:
    first = found.messages[0].text if found.messages else "Imported"
    conversation = Conversation.objects.create(
        owner=owner,
        title=(found.title or title_from(first))[:200],
        model=found.model[:200],
        system_prompt=found.system_prompt,
        settings=found.settings.to_dict(),
    )
    stored: list[Message] = []
    for said in found.messages:
        parent = None if said.parent is None else stored[said.parent]
        stored.append(
            Message.objects.create(
                conversation=conversation, parent=parent, role=said.role, text=said.text
            )
        )
    if stored:
        conversation.leaf = stored[found.leaf]
        conversation.save(update_fields=["leaf"])
    return conversation
