"""Everything about language models that needs no web framework: prompts, engine, client, types."""
