"""From one score per response to a reward per token, and the defences against hacking it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmkit.rl.masked import cleared
from llmkit.rl.responses import last_index

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Shaping:
    """What is done to scores before they are rewards; the defaults do nothing.

    `missing_end` is taken from a response that was cut, `per_token` from each token of a response
    beyond `free_tokens`. A score is clipped to ±`clip` last. All are in the score's own unit.
    """

    missing_end: float = 0.0
    per_token: float = 0.0
    free_tokens: int = 0
    clip: float | None = None

    def shaped(self, scores: "Tensor", lengths: "Tensor", ended: "Tensor") -> "Tensor":
        """[batch] from scores, lengths in tokens and whether each response ended by itself."""
        excess = (lengths - self.free_tokens).clamp(min=0)
        kept = scores - self.per_token * excess - self.missing_end * (~ended.bool())
        return kept if self.clip is None else kept.clamp(-self.clip, self.clip)


def token_rewards(scores: "Tensor", kl: "Tensor", mask: "Tensor", coefficient: float) -> "Tensor":
    """−coefficient · KL at every token, and the score [batch] on the last real one.

    The last real token is the stop token where there is one, never the padding behind it.
    """
    rewards = cleared(-coefficient * kl, mask)
    last = last_index(mask).unsqueeze(-1)
    return rewards.scatter_add(-1, last, scores.unsqueeze(-1).to(rewards.dtype))
