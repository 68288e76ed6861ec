"""Numbers of scores as they are shown."""

from django import template

register = template.Library()


@register.filter
def score(value: float | None) -> str:
    """Three places, four digits at most: `0.593`, `38.66`, `1,204`."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


@register.filter
def signed(value: float | None) -> str:
    """`+0.059`, with a real minus."""
    if value is None:
        return ""
    text = score(abs(value))
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text


@register.filter
def chance(p: float | None) -> str:
    """A p-value: `0.03`, `< 0.001`."""
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


@register.filter
def span(seconds: float | None) -> str:
    """`48 s`, `3 min`, `2.5 h`."""
    if not seconds:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
