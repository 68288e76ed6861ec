"""Any ranking that a person could give, for property tests."""

from hypothesis import strategies as st

from feedback.rules.pairs import Ranking


@st.composite
def rankings(draw: st.DrawFn) -> Ranking:
    """Valid rankings of two to six candidates: tiers, some unranked, a line, an edit, all-bad."""
    size = draw(st.integers(2, 6))
    order = draw(st.permutations(range(size)))
    ranked = draw(st.integers(0, size))
    together = draw(st.lists(st.booleans(), min_size=ranked, max_size=ranked))
    tiers = cut(order[:ranked], together)
    line = draw(st.integers(0, len(tiers)))
    below = {member for tier in tiers[line:] for member in tier}
    below |= set(draw(st.sets(st.sampled_from(order[ranked:])))) if order[ranked:] else set()
    return Ranking(
        size=size,
        tiers=tuple(tiers),
        unranked=tuple(order[ranked:]),
        unacceptable=frozenset(below),
        all_bad=draw(st.booleans()) and len(below) == size,
        edit_of=draw(st.none() | st.integers(0, size - 1)),
    )


def cut(members: list[int], together: list[bool]) -> list[tuple[int, ...]]:
    """The members in order, cut into tiers: each with the one before it, or not."""
    tiers: list[tuple[int, ...]] = []
    for member, joins in zip(members, together, strict=True):
        if tiers and joins:
            tiers[-1] = (*tiers[-1], member)
        else:
            tiers.append((member,))
    return tiers
