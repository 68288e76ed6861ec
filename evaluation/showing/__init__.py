"""What pages show of measures and scores, made ready for templates."""
