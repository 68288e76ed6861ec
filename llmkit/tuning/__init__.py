"""Ways of tuning a model: which numbers learn while the rest stays as it is.

One file each. All but `full` make a PEFT adapter, saved and loaded by PEFT's own format.
"""

from llmkit.tuning.ways import WAYS, Way, get, names

__all__ = ["WAYS", "Way", "get", "names"]
