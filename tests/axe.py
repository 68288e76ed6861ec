"""axe-core on a Playwright page: the accessibility rules a machine can check."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def check(page: Page) -> list[str]:
    """One line per violation: its rule, weight and the elements. An empty list is what we want.

    The script goes in through the debugger, so the page's content security policy stays on.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {SCRIPT.read_text()} }}")
    run = "tags => axe.run(document, {preload: false, runOnly: {type: 'tag', values: tags}})"
    return [_line(found) for found in page.evaluate(run, TAGS)["violations"]]


def _line(violation: dict[str, Any]) -> str:
    where = "; ".join(node["html"][:160] for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {where}"
