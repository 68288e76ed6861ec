"""Making projects and finding them."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.models import User
from feedback.models import Guidelines, Project
from feedback.services.errors import FeedbackError
from llmkit.registry import near_names


def named(name: str) -> Project:
    """The project with this name or slug, or FeedbackError with the nearest ones."""
    known = Project.objects.filter(archived_at=None)
    found = known.filter(slug=name).first() or known.filter(name=name).first()
    if found is None:
        near = near_names(name, known.values_list("slug", flat=True))
        raise FeedbackError(f"There is no project '{name}'. {near}")
    return found


def create(*, owner: User | None, name: str, guidelines: str = "", **choices: object) -> Project:
    """A project with its first guidelines. FeedbackError where the name is taken."""
    if not (slug := slugify(name)):
        raise FeedbackError("Give the project a name with letters or digits.")
    try:
        with transaction.atomic():
            project = Project.objects.create(owner=owner, name=name, slug=slug, **choices)
            if guidelines.strip():
                write_guidelines(project=project, text=guidelines, writer=owner)
    except IntegrityError as error:
        raise FeedbackError(f"There is a project named '{name}' already.") from error
    return project


def named_or_new(name: str) -> Project:
    """The project, made for the site's owner where it does not exist yet: for the shell."""
    try:
        return named(name)
    except FeedbackError:
        owner = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        return create(owner=owner, name=name)


def write_guidelines(*, project: Project, text: str, writer: User | None) -> Guidelines:
    """The next version of a project's guidelines; what was ranked before keeps its own."""
    last = project.latest_guidelines
    number = 1 if last is None else last.number + 1
    return Guidelines.objects.create(project=project, number=number, text=text, written_by=writer)
