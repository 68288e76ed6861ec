"""Addresses of the chat. Those that take a conversation also work for one not yet begun."""

from django.urls import include, path

from chat.views import (
    answers,
    branches,
    comparing,
    composer,
    conversations,
    files,
    health,
    lens,
    pages,
    ranking,
    reward_lens,
    settings,
    transfer,
    votes,
)

app_name = "chat"

per_conversation = [
    path("send", answers.send, name="send"),
    path("composer", composer.composer, name="composer"),
    path("gauge", composer.gauge, name="gauge"),
    path("compare", comparing.from_composer, name="compare"),
    path("reward-lens", reward_lens.choose, name="reward-lens"),
    path("presets/save", settings.save_preset, name="save-preset"),
    path("presets/apply", settings.apply_preset, name="apply-preset"),
    path("presets/suggested", settings.apply_suggested, name="apply-suggested"),
    path("presets/delete", settings.delete_preset, name="delete-preset"),
]

of_a_new_conversation = [
    path(f"new/{pattern.pattern}", pattern.callback, name=f"new-{pattern.name}")
    for pattern in per_conversation
]

of_a_conversation = [
    path("", pages.conversation, name="conversation"),
    path("thread", pages.thread, name="thread"),
    path("settings", settings.save, name="settings"),
    path("rename", conversations.rename, name="rename"),
    path("pin", conversations.pin, name="pin"),
    path("delete", conversations.delete, name="delete"),
    path("restore", conversations.restore, name="restore"),
    path("votes/take-back", votes.take_back, name="votes-take-back"),
    path("export.json", transfer.export_json, name="export-json"),
    path("export.md", transfer.export_markdown, name="export-markdown"),
    *per_conversation,
]

of_a_message = [
    path("", answers.message, name="message"),
    path("prompt", answers.prompt, name="prompt"),
    path("regenerate", answers.regenerate, name="regenerate"),
    path("continue", answers.continue_answer, name="continue"),
    path("stop", answers.stop, name="stop"),
    path("select", branches.select, name="select"),
    path("editor", branches.editor, name="editor"),
    path("edit", branches.edit, name="edit"),
    path("delete", branches.delete, name="delete-branch"),
    path("fork", branches.fork, name="fork"),
    path("compare", comparing.from_message, name="compare-message"),
    path("votes", votes.votes, name="votes"),
    path("thumb", votes.thumb, name="thumb"),
    path("better", votes.better, name="better"),
    path("rank", ranking.siblings, name="rank"),
    path("reward", reward_lens.scores, name="reward"),
    path("lens", lens.tokens, name="lens"),
    path("lens/<int:position>", lens.place, name="lens-place"),
    path("lens/<int:position>/<int:token>", lens.branch, name="lens-branch"),
    path("files/<uuid:document_id>", files.show, name="file"),
]

of_a_file = [
    path("discard", files.discard, name="discard-file"),
    path("download", files.download, name="download-file"),
]

urlpatterns = [
    path("chat/", pages.conversation, name="home"),
    path("health", health.health, name="health"),
    path("conversations/", pages.conversations, name="conversations"),
    path("conversations/import/", transfer.import_file, name="import"),
    *of_a_new_conversation,
    path("c/<uuid:conversation_id>/", include(of_a_conversation)),
    path("m/<int:message_id>/", include(of_a_message)),
    path("files/", files.upload, name="upload"),
    path("files/text", files.text, name="file-text"),
    path("files/chips", files.chips, name="file-chips"),
    path("files/<uuid:document_id>/", include(of_a_file)),
    path("templates/", include("chat.urls_templates")),
    path("compare/", include("chat.urls_comparisons")),
]
