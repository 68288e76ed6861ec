"""Evaluation runs: asked for, made, driven, stopped, gone on with, and their numbers filed."""
