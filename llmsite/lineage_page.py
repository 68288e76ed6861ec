"""The page of one object's lineage: a picture, and the same as a table."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from llmkit.lineage import Ref
from llmsite.lineage import Graph, graph
from llmsite.lineage_picture import in_order, picture


@require_safe
def page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Whoever may not see the object gets 404, as everywhere."""
    found = graph(Ref(kind, key), signed_in(request))
    if found is None:
        raise Http404
    context = {
        "start": found.nodes[found.start],
        "alone": len(found.nodes) == 1,
        "picture": picture(found),
        "rows": rows(found),
    }
    return render(request, "lineage/page.html", context)


def rows(found: Graph) -> list[dict[str, object]]:
    """One for each object, with its parents and what else it came from or what came of it."""
    return [
        {
            "node": node,
            "is_start": node.ref == found.start,
            "above": found.above(node.ref),
            "more": [one for one in found.more if one.of == node.ref],
        }
        for layer in in_order(found)
        for node in layer
    ]
