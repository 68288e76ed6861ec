"""A template as YAML or JSON text: for export, import and comparing versions."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from chat.models import PromptTemplateVersion
from llmkit.prompts import PromptTemplateError

MAX_IMPORT = 200_000
MAX_DEPTH = 12
FORMATS = ("yaml", "json")
# The reader of YAML stumbles in more ways than its own over tagged values that are none.
UNREADABLE = (ValueError, yaml.YAMLError, RecursionError, AttributeError, LookupError, TypeError)


class _Loader(yaml.SafeLoader):
    """Refuses deep nesting at once; reading thousands of levels would keep a process busy."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError("nested too deeply")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Keeps several lines readable as a block."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dumped(data: Mapping[str, Any], form: str = "yaml") -> str:
    if form == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def exported(version: PromptTemplateVersion, form: str) -> str:
    """The file that `imported` reads, in the shape of the shipped library."""
    template = version.template
    head = {"name": template.name, "description": template.description}
    return dumped({**head, **version.spec}, form)


def imported(text: str) -> tuple[str, str, dict[str, Any]]:
    """(name, description, spec) of an exported file; PromptTemplateError says what is wrong."""
    if len(text) > MAX_IMPORT:
        raise PromptTemplateError(f"The file is longer than {MAX_IMPORT:,} characters.")
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except UNREADABLE as error:
        raise PromptTemplateError("The file is neither valid YAML nor valid JSON.") from error
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise PromptTemplateError("The file must hold one template that begins with its name.")
    return data.pop("name"), str(data.pop("description", "") or ""), data


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines as (kind, text); kind is one of same, added, removed, skip."""
    kinds = {"+": "added", "-": "removed", "@": "skip"}
    before, after = dumped(old).splitlines(), dumped(new).splitlines()
    for line in list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]:
        yield kinds.get(line[:1], "same"), "" if line.startswith("@") else line[1:]
