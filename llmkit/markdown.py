"""Text of models is hostile: Markdown without HTML, highlighted, then sanitised."""

from functools import cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt

TAGS = (
    "p br hr strong em s del blockquote ul ol li h1 h2 h3 h4 h5 h6 code pre span div "
    "table thead tbody tr th td a sup sub"
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "span": {"class"},
    "code": {"class"},
    "div": {"class"},
    "pre": {"class", "tabindex"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
LONGEST_HIGHLIGHTED = 20_000


def _highlight(code: str, language: str, _: Any) -> str:
    """Spans with classes for a language Pygments knows; plain escaped text otherwise."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if not language or len(code) > LONGEST_HIGHLIGHTED:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "breaks": True, "highlight": _highlight}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def render(text: str) -> str:
    """Safe HTML of a hostile text. Images, raw HTML and odd link schemes are dropped."""
    html = nh3.clean(
        _parser().render(text),
        tags=set(TAGS.split()),
        attributes={tag: names - {"style"} for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return html.replace("<pre>", '<pre tabindex="0">')
