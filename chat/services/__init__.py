"""What the chat does. Keyword-only, annotated, atomic where several rows change."""
