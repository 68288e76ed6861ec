"""How far the people of a project agree, and how each of them ranks, from what counts now.

A unit is a pair of candidates of one task, a judgement 1, 0 or -1 by the pair rules, so ties count
and all-bad says nothing. Whole tasks are drawn for the intervals. Gold tasks are left out, because
they were picked for being clear, and so are adjudications; models never enter a figure of people.
"""

from feedback.services.agreement.told import agreement

__all__ = ["agreement"]
