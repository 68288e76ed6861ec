"""From rankings to training data: pure functions, no database. See the rules in `pairs.py`."""
