"""What other rooms may want to hear from this one."""

from django.dispatch import Signal

endpoints_changed = Signal()

models_changed = Signal()

# `rows`: jobs as they are after an update that ended them or asked for their end, inside of its
# transaction; `asked`: whether they were only asked to end.
jobs_ended = Signal()
