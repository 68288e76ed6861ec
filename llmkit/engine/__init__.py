"""The inference engine: a process of its own that serves local models over HTTP."""

from llmkit.engine.server import create_app, serve

__all__ = ["create_app", "serve"]
