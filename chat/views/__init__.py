"""Pages and fragments. A view fetches with permission, calls one thing, renders."""
