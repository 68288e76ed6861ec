"""The site without what its pages say: who is let in is decided before a template is read."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.backends.django import DjangoTemplates

from llmsite.urls import urlpatterns

__all__ = ["Templates", "handler404", "urlpatterns"]


class Nothing:
    def render(self, *args: Any, **kwargs: Any) -> str:
        return ""


class Templates(DjangoTemplates):
    """They must be there, and are not rendered."""

    def get_template(self, template_name: str) -> Any:
        super().get_template(template_name)
        return Nothing()


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)
