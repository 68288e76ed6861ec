"""Making, changing and using prompt templates. A version, once made, never changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from chat.models import PromptTemplate, PromptTemplateVersion
from chat.services import similarity
from llmkit import prompts
from llmkit.prompts import PromptTemplateError, Shots, Similar

USE_KEYS = ("count", "choose", "seed", "picked", "layout")


@dataclass(frozen=True)
class RenderedTurn:
    """`messages` go into the prompt, `text` is what the person's turn shows.

    `use` is everything needed to render the same again; keep it as Message.template_use.
    """

    messages: list[dict[str, str]]
    text: str
    use: dict[str, Any]

    @property
    def used_examples(self) -> list[int]:
        """Positions in the pool, in the order shown."""
        found: list[int] = self.use["used_examples"]
        return found


def parsed(version: PromptTemplateVersion) -> prompts.PromptTemplate:
    return prompts.PromptTemplate.from_dict(version.spec)


def render_turn(
    *,
    version: PromptTemplateVersion,
    inputs: Mapping[str, str],
    use: Mapping[str, Any],
    similar: Similar = similarity.by_engine,
) -> RenderedTurn:
    """The messages of one turn made from a template.

    `use` may hold count, choose, seed, picked and layout; what it leaves out the template decides.
    `similar` ranks the pool where the engine is not asked to.
    Raises PromptTemplateError with a sentence for the person; a blank input counts as missing.
    """
    template, shots = _used(parsed(version), use)
    given = _filled_in(template, inputs)
    rendered = template.render(given, shots, similar=similar)
    return RenderedTurn(
        messages=[asdict(message) for message in rendered.messages],
        text=_shown(template, given),
        use={
            "inputs": given,
            **shots.to_dict(),
            "layout": template.layout,
            "used_examples": rendered.used_examples,
        },
    )


def _used(
    template: prompts.PromptTemplate, use: Mapping[str, Any]
) -> tuple[prompts.PromptTemplate, Shots]:
    given = prompts.parsing.mapping(use, where="The use of a template", known=USE_KEYS)
    shots = {**template.shots.to_dict(), **{k: v for k, v in given.items() if k != "layout"}}
    layout = prompts.parsing.one_of(
        given.get("layout", template.layout), prompts.LAYOUTS, where="The layout"
    )
    return replace(template, layout=layout), Shots.from_dict(shots)


def _filled_in(template: prompts.PromptTemplate, inputs: Mapping[str, str]) -> dict[str, str]:
    """The inputs without blank ones that have a default; other blanks are refused by label."""
    prompts.check_known(template, inputs)
    given = {name: text for name, text in inputs.items() if str(text).strip()}
    for field in template.fields:
        if field.name not in given and field.default is None:
            raise PromptTemplateError(f"Fill in “{field.label}” ({field.name}).")
    return given


def _shown(template: prompts.PromptTemplate, given: Mapping[str, str]) -> str:
    values = {f.label: given.get(f.name, f.default or "") for f in template.fields}
    if len(values) == 1:
        return next(iter(values.values()))
    return "\n\n".join(
        f"{label}:\n{value}" if "\n" in value else f"{label}: {value}"
        for label, value in values.items()
    )


@transaction.atomic
def create_template(
    *, owner: User | None, name: str, description: str = "", spec: Mapping[str, Any], slug: str = ""
) -> PromptTemplate:
    """A template with its first version. Raises PromptTemplateError."""
    checked = prompts.PromptTemplate.from_dict(spec)
    template = PromptTemplate(owner=owner)
    _describe(template, name, description)
    template.slug = slug or _free_slug(owner, template.name)
    template.save()
    _append(template, checked)
    return template


@transaction.atomic
def add_version(
    *,
    template: PromptTemplate,
    spec: Mapping[str, Any],
    name: str | None = None,
    description: str | None = None,
) -> PromptTemplateVersion:
    """The next version, or the latest one where nothing changed. Name and description, which are
    not part of a version, change in place. Raises PromptTemplateError."""
    checked = prompts.PromptTemplate.from_dict(spec)
    locked = PromptTemplate.objects.select_for_update().get(pk=template.pk)
    _describe(
        locked,
        locked.name if name is None else name,
        locked.description if description is None else description,
    )
    locked.save(update_fields=["name", "description"])
    latest = locked.versions.order_by("number").last()
    if latest is not None and latest.spec_hash == checked.spec_hash():
        return latest
    return _append(locked, checked)


@transaction.atomic
def copy_template(*, version: PromptTemplateVersion, owner: User) -> PromptTemplate:
    """A template of one's own that begins as `version`."""
    source = version.template
    return create_template(
        owner=owner,
        name=f"{source.name[:90]} (copy)",
        description=source.description,
        spec=version.spec,
    )


@transaction.atomic
def archive(*, template: PromptTemplate) -> None:
    """Take it off the lists. Its versions stay, because messages point at them."""
    _refuse_shipped(template)
    PromptTemplate.objects.filter(pk=template.pk, archived_at=None).update(
        archived_at=timezone.now()
    )


@transaction.atomic
def restore(*, template: PromptTemplate) -> None:
    _refuse_shipped(template)
    PromptTemplate.objects.filter(pk=template.pk).update(archived_at=None)


def _refuse_shipped(template: PromptTemplate) -> None:
    if template.owner_id is None:
        raise PromptTemplateError("A shipped template can't be changed; copy it and use the copy.")


def _describe(template: PromptTemplate, name: str, description: str) -> None:
    template.name = prompts.parsing.text(name, where="The name", limit=100).strip()
    template.description = prompts.parsing.text(
        description, where="The description", empty=True, limit=300
    ).strip()


def _append(template: PromptTemplate, checked: prompts.PromptTemplate) -> PromptTemplateVersion:
    highest = template.versions.aggregate(highest=Max("number"))["highest"] or 0
    return PromptTemplateVersion.objects.create(
        template=template,
        number=highest + 1,
        spec=checked.to_dict(),
        spec_hash=checked.spec_hash(),
    )


def _free_slug(owner: User | None, name: str) -> str:
    """A slug that neither a shipped template nor another one of the owner's has."""
    base = slugify(name)[:50] or "template"
    taken = set(
        PromptTemplate.objects.filter(
            Q(owner=None) | Q(owner=owner), slug__startswith=base
        ).values_list("slug", flat=True)
    )
    number = 1
    while (slug := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return slug
