"""What other rooms may want to hear from this one."""

from django.dispatch import Signal

endpoints_changed = Signal()

models_changed = Signal()
