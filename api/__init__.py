"""The OpenAI-compatible interface at /v1, and the personal keys that open it."""
