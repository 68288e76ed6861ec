"""The measures of a project as the shell tells them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedback.measures.judgements import meetings
from feedback.measures.kappa import cohen_of
from feedback.models import Labeler, Project
from feedback.services.agreement.measuring import cohen_tables, measured
from feedback.services.agreement.saying import Voices, judged, people_of, voices

KEYS = ("krippendorff_nominal", "krippendorff_ordinal", "fleiss_kappa", "cohen_kappa", "kendall_w")


def agreement(
    *, project: Project, kind: str | None = None, uniform: bool = False
) -> dict[str, Any]:
    """The measures with 95 % intervals, of people, or of labelers of one `kind`; `uniform` limits
    them to tasks that doubt did not choose.

    A measure is None where nothing was judged twice.
    """
    kinds: Sequence[str] = [kind] if kind else Labeler.PEOPLE
    spoken = voices(project).of_kinds(kinds).where(lambda one: one.uniform or not uniform)
    found = measured(spoken.said)
    return {
        **{key: found.measures[key].value for key in KEYS},
        "n_units": found.measures["krippendorff_nominal"].n,
        "kendall_tau": found.measures["kendall_tau"].value,
        "cohen_kappa_by_pair": kappas_by_pair(spoken),
        "intervals": {name: one.interval for name, one in found.measures.items()},
        "n_tasks": found.tasks,
        "n_labelers": found.people,
    }


def kappas_by_pair(spoken: Voices) -> dict[str, float]:
    people = people_of(spoken.said)
    names = [spoken.labelers[pk].name for pk in people]
    judgements = judged(spoken.said, people)
    tables = cohen_tables(meetings(judgements), judgements)
    found = zip(tables.pairs, cohen_of(tables.summed()), strict=True)
    return {f"{names[a]} | {names[b]}": float(k) for (a, b), k in found if not np.isnan(k)}
