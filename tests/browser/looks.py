"""Whether a page may be shown: on a phone in the dark and on a desk in the light."""

from playwright.sync_api import Page

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE

SIDEWAYS = "() => document.documentElement.scrollWidth > innerWidth"


def looks_right(page: Page) -> None:
    """axe finds nothing, and nothing has to be scrolled sideways. It ends on the desk."""
    for scheme, size in (("dark", PHONE), ("light", DESKTOP)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size(size)
        assert axe.check(page) == [], scheme
        assert not page.evaluate(SIDEWAYS), scheme
