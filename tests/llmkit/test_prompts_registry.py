"""The registry refuses collisions and suggests near names."""

import pytest

from llmkit.prompts import ways
from llmkit.registry import Registry, RegistryError


def test_a_taken_name_is_refused() -> None:
    registry: Registry[int] = Registry("number")
    registry.register("one")(1)
    with pytest.raises(RegistryError, match="two things called 'one'"):
        registry.register("one")(2)
    assert registry.get("one") == 1


def test_an_unknown_name_gets_the_nearest_one() -> None:
    registry: Registry[int] = Registry("number")
    registry.register("seven")(7)
    with pytest.raises(RegistryError, match=r"'sevn' is not a known number\. Did you mean 'seven'"):
        registry.get("sevn")


def test_every_way_of_choosing_is_found_by_itself() -> None:
    assert set(ways) == {"first", "random", "picked", "similar"}
