"""Large numbers as people say them."""

from django import template

from llmkit.adding.space import in_words

register = template.Library()


@register.filter
def as_bytes(count: int | None) -> str:
    """`269 MB`; nothing where it is not known."""
    return "" if count is None else in_words(count)


@register.filter
def as_count(number: int | None) -> str:
    """`135 M` or `1.2 B`, as parameters are counted; nothing where it is not known."""
    if not number:
        return ""
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            value = number / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return str(number)
