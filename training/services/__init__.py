"""What changes the registry. Every call is keyword-only and refuses with a sentence."""
