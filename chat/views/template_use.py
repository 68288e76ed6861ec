"""What a form says about using a template; the try page and the composer have the same fields."""

from typing import Any

from django.http import QueryDict

from llmkit.prompts import PromptTemplateError

FIELD = "field_"


def plain(text: str) -> str:
    """Typed text with a form's line ends made plain, without NULs that PostgreSQL refuses."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def inputs_of(data: QueryDict) -> dict[str, str]:
    """What the person typed into the template's fields."""
    return {
        name.removeprefix(FIELD): plain(str(text))
        for name, text in data.items()
        if name.startswith(FIELD)
    }


def use_of(data: QueryDict) -> dict[str, Any]:
    """Shots, how they are chosen, and the layout. Ticked examples keep the order of ticking."""
    try:
        order = [int(place) for place in data.get("picked_order", "").split(",") if place]
        ticked = [int(place) for place in data.getlist("picked")]
        use = {
            "count": int(data.get("shots") or 0),
            "seed": int(data.get("shot_seed") or 0),
            "choose": data.get("choose", "first"),
            "picked": [p for p in order if p in ticked] + [p for p in ticked if p not in order],
        }
    except ValueError as error:
        raise PromptTemplateError("Shots and their seed must be whole numbers.") from error
    return use | ({"layout": data["layout"]} if data.get("layout") else {})
