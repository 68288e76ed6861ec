"""What is true of an installation whatever died, filled up or was cut off: nothing lost, nothing
twice, nothing stuck. `manage.py verify` looks, `make chaos` asks afterwards.

Each promise is a function of one module here with one sentence, which reads and changes nothing.
"""

from llmsite.invariants import chat, disk, evaluations, labeling, runs, work  # noqa: F401
from llmsite.invariants.invariant import Finding, Invariant, Look, all_of_them, checked

__all__ = ["Finding", "Invariant", "Look", "all_of_them", "checked"]
