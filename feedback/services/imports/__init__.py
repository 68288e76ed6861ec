from feedback.services.imports.bringing import import_preferences

__all__ = ["import_preferences"]
