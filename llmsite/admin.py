"""What the app keeps about itself, in Django's admin: to look things up."""

from accounts.looking_up import look_up
from llmsite.models import CleanUp, Fault, Process

look_up(Process, "kind host pid started_at heard_at", filters="kind", search="kind host")
look_up(CleanUp, "ended_at things freed_bytes", filters="ended_at")
look_up(
    Fault,
    "what where source doing times first_at last_at",
    filters="source last_at",
    search="what where doing",
)
