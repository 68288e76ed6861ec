"""axe-core on a Playwright page: the accessibility rules a machine can check."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

SCRIPT = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """tags => axe.run(document, {
    preload: false, resultTypes: ["violations"], runOnly: {type: "tag", values: tags}
})"""
HEIGHT = "() => document.documentElement.scrollHeight"


def check(page: Page) -> list[str]:
    """One line per violation: its rule, weight and the elements. An empty list is what we want.

    The script goes in through the debugger, so the page's content security policy stays on. The
    window is as tall as the page meanwhile: what lies under a bar that stays in sight differs with
    the texts, and would count as too small to hit.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {SCRIPT.read_text()} }}")
    size = page.viewport_size or ViewportSize(width=1280, height=800)
    page.set_viewport_size({**size, "height": max(size["height"], page.evaluate(HEIGHT))})
    found = page.evaluate(RUN, TAGS)["violations"]
    page.set_viewport_size(size)
    return [_line(each) for each in found]


def _line(violation: dict[str, Any]) -> str:
    where = "; ".join(node["html"][:160] for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {where}"
