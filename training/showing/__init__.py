"""Runs as their pages show them: words, curves, what looks wrong, what differs."""
