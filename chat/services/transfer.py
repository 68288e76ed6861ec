"""Taking conversations in from a file."""

from django.db import transaction

from accounts.models import User
from chat.models import Conversation, Document, Message
from chat.services.conversations import title_from
from chat.services.documents import attach, shown_name
from chat.transfer.files import ReadFile
from chat.transfer.reading import ReadConversation, read
from llmkit.documents.parts import clean


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
    documents = _store_files(owner, found)
    stored: list[Message] = []
    for said in found.messages:
        parent = None if said.parent is None else stored[said.parent]
        message = Message.objects.create(
            conversation=conversation, parent=parent, role=said.role, text=said.text
        )
        attach(documents=dict.fromkeys(documents[f] for f in said.files), message=message)
        stored.append(message)
    if stored:
        conversation.leaf = stored[found.leaf]
        conversation.save(update_fields=["leaf"])
    return conversation


def _store_files(owner: User, found: ReadConversation) -> dict[ReadFile, Document]:
    """Each file once, however many messages have it."""
    files = dict.fromkeys(file for message in found.messages for file in message.files)
    return {file: _store_file(owner, file) for file in files}


def _store_file(owner: User, file: ReadFile) -> Document:
    text = clean(file.text)
    return Document.objects.create(
        owner=owner,
        name=shown_name(file.name),
        kind=file.kind,
        pages=file.pages,
        size=len(text.encode()),
        words=len(text.split()),
        text=text,
    )
