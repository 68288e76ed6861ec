"""The pairs of one task, for its managers' page."""

from django import template

from feedback.models import RankingTask
from feedback.pairs.recipes import last_recipe
from feedback.pairs.shown import TaskPairs, shown_tasks
from feedback.services.snapshots.prompts import placed_groups

register = template.Library()


@register.simple_tag
def pairs_of(task: RankingTask) -> TaskPairs:
    recipe = last_recipe(task.project)
    [shown] = shown_tasks(task.project, [task.pk], recipe, placed_groups(task.project, recipe))
    return shown
