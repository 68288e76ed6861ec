"""Many tests at once: Holm (1979), "A simple sequentially rejective multiple test procedure"."""

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """p-values adjusted so that all the tests together err in at most their level."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted, least = [0.0] * len(ps), 0.0
    for done, place in enumerate(order):
        least = max(least, min(1.0, (len(ps) - done) * ps[place]))
        adjusted[place] = least
    return adjusted
