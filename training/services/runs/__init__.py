"""Training runs: made, driven, watched, stopped, gone on with, and what they make is filed."""
