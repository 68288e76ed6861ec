"""What every figure has: a title, a template, and rows for the table beside it."""

from dataclasses import dataclass
from typing import ClassVar

from django.template.loader import render_to_string
from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Figure:
    """`{{ figure }}` writes it; whatever text it holds is escaped."""

    title: str
    template: ClassVar[str]

    def __str__(self) -> SafeString:
        return render_to_string(self.template, {"figure": self})

    __html__ = __str__
