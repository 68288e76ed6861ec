"""Conversations as files: out as Markdown and JSON, in from our JSON, ShareGPT and OpenAI messages.

A file is taken whole or not at all; every row that can't be taken is named with its reason.
"""
