"""Red teaming: people try to make a model fail, and what it answered becomes a ranking task."""
