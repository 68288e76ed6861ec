"""Composition: settings, addresses, processes. Nothing imports this package."""
