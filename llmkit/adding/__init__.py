"""Adding a model: fetched, copied or converted into a folder, and checked before it is used.

`python -m llmkit.adding` does the work in a process of its own, which can be ended at any moment.
"""

from llmkit.adding.errors import AddError
from llmkit.adding.inspecting import Facts, inspect_folder

__all__ = ["AddError", "Facts", "inspect_folder"]
