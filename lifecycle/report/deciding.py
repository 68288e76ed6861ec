"""Whether what came of a rehearsal stays promoted."""

from lifecycle.models import Rehearsal
from lifecycle.sizes import Plan

THROWAWAY = (
    "The model was made for this rehearsal and is good for nothing, so the promotion was rolled "
    "back at once."
)
WORSE = (
    "It was measured to be worse by the rule that it was trained for, so the promotion was rolled "
    "back at once."
)
ASKED = "The promotion was rolled back at once, as was asked for."


def why_not_kept(rehearsal: Rehearsal, plan: Plan) -> str:
    """One sentence, or nothing where the promotion stays."""
    if plan.throwaway:
        return THROWAWAY
    if not plan.promote:
        return ASKED
    stage = rehearsal.stages.get(name="leaderboard")
    return WORSE if stage.facts["verdict"]["better"] == "no" else ""
