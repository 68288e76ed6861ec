"""Which part of a growing Markdown text will not change its looks any more."""

import re

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
LONGEST_RENDERED = 50_000


def finished_end(text: str) -> int:
    """Where the last finished block of `text` ends: behind a blank line outside a code fence.

    Depends on the text alone, so producer and late-comers cut at the same places.
    """
    end = at = 0
    fence: str | None = None
    for line in text.splitlines(keepends=True):
        at += len(line)
        fence = _fence_after(line, fence)
        if fence is None and line.endswith("\n") and not line.strip():
            end = at
    return end


def _fence_after(line: str, fence: str | None) -> str | None:
    """The open fence once `line` has been read; only one as long or longer closes it."""
    found = FENCE.match(line)
    if found is None:
        return fence
    mark = found.group(1)
    if fence is None:
        return mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not line[found.end() :].strip()
    return None if closes else fence
