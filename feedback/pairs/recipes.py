"""Which recipe a project's pairs are shown with: the one that was last used."""

from feedback.models import Freezing, Project
from feedback.rules.splits import Placed
from feedback.services.snapshots import Recipe
from feedback.services.snapshots.prompts import learn, placed_groups, unknown_groups

SOON = 200
SMALL = 2000


def last_recipe(project: Project) -> Recipe:
    last = Freezing.objects.filter(project=project).order_by("-created_at").first()
    return Recipe.restored(last.recipe) if last else Recipe()


def placed_now(project: Project, recipe: Recipe) -> Placed:
    """The splits that are known; those of a few new prompts are worked out at once."""
    if project.prompt_groups.count() <= SMALL and len(unknown_groups(project)) <= SOON:
        learn(project)
    return placed_groups(project, recipe)
