"""Answers that belong to the server: produced here, watched from any tab, never lost."""
