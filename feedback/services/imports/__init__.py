from feedback.services.imports.writing import import_preferences

__all__ = ["import_preferences"]
