"""One step of PPO: from a rollout to new weights, with everything that is to be watched."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmkit.rl import divergence, losses, masked
from llmkit.rl.actors import Actors, Evaluated, Rollout
from llmkit.rl.advantages import gae
from llmkit.rl.responses import same_opening
from llmkit.rl.rewards import Shaping, token_rewards

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Rules:
    """PPO's own settings; `target_kl` ends a step's passes early, in nats per token."""

    passes: int = 4
    minibatch: int = 4
    clip: float = 0.2
    value_clip: float | None = 0.2
    value_coefficient: float = 0.1
    entropy_coefficient: float = 0.0
    gamma: float = 1.0
    lam: float = 0.95
    target_kl: float | None = None
    whiten_rewards: bool = False


@dataclass
class Experience:
    """A rollout with what was thought of it before the weights changed. All [batch, response].

    `begun`: the policy's pass with its gradient, where one minibatch holds the whole batch: its
    first minibatch needs no other.
    """

    rollout: Rollout
    logprobs: "Tensor"
    reference: "Tensor"
    values: "Tensor"
    advantages: "Tensor"
    returns: "Tensor"
    entropy: "Tensor"
    scores: "Tensor"
    shaped: "Tensor"
    begun: Evaluated | None = None

    @property
    def mask(self) -> "Tensor":
        return self.rollout.response_mask

    @property
    def kl(self) -> "Tensor":
        """[batch]: k1 summed over each response, in nats."""
        return masked.cleared(divergence.k1(self.logprobs, self.reference), self.mask).sum(-1)


def experienced(
    actors: Actors, rollout: Rollout, shaping: Shaping, rules: Rules, coefficient: float
) -> Experience:
    """Three passes: policy with its values, reference, reward."""
    import torch

    whole = rules.minibatch >= len(rollout.tokens)
    with torch.set_grad_enabled(whole):
        begun = actors.evaluated(rollout)
    logprobs, values = begun.logprobs.detach(), begun.values.detach()
    with torch.no_grad():
        entropy, reference = begun.entropy, actors.reference_logprobs(rollout)
        scores, mask = actors.score(rollout), rollout.response_mask
    shaped = shaping.shaped(scores, rollout.lengths, rollout.ended)
    kl = divergence.k1(logprobs, reference)
    rewards = token_rewards(shaped, kl, mask, coefficient)
    if rules.whiten_rewards:
        rewards = masked.whitened(rewards, mask, keep_mean=True)
    advantages, returns = gae(rewards, values, mask, gamma=rules.gamma, lam=rules.lam)
    return Experience(
        rollout=rollout,
        logprobs=logprobs,
        reference=reference,
        values=values,
        advantages=masked.whitened(advantages, mask),
        returns=returns,
        entropy=entropy,
        scores=scores,
        shaped=shaped,
        begun=begun if whole else None,
    )


def minibatches(size: int, minibatch: int) -> "Iterator[Tensor]":
    """Places in a new order, from torch's own source of chance."""
    import torch

    yield from torch.randperm(size).split(minibatch)


def updated(
    actors: Actors,
    seen: Experience,
    rules: Rules,
    descend: Callable[[], float],
    between: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Change the weights by the experience; the mean of each measure over all minibatches.

    `descend` applies the gradients and returns their norm; `between` runs before each minibatch
    and may raise.
    """
    sums: dict[str, float] = {}
    done, stopped = 0, False
    for _ in range(rules.passes):
        for places in minibatches(len(seen.logprobs), rules.minibatch):
            between()
            found = learned(actors, seen, rules, places)
            stopped = rules.target_kl is not None and found["approximate_kl"] > rules.target_kl
            if not stopped:
                found["gradient_norm"] = descend()
            sums = added(sums, found)
            done += 1
            if stopped:
                break
        if stopped:
            break
    means = {name: value / done for name, value in sums.items() if name != "ratio_max"}
    return means | {"ratio_max": sums["ratio_max"], "minibatches": done}


def added(sums: Mapping[str, float], found: Mapping[str, float]) -> dict[str, float]:
    """Sums of all measures; of the largest ratio the largest."""
    total = {name: sums.get(name, 0.0) + value for name, value in found.items()}
    total["ratio_max"] = max(sums.get("ratio_max", 0.0), found["ratio_max"])
    return {**sums, **total}


def looked_again(actors: Actors, seen: Experience, places: "Tensor") -> "tuple[Evaluated, Tensor]":
    """The policy's pass over a minibatch and the rows that it is of; the one that has begun where
    there is one, whose rows are all of them in their own order."""
    import torch

    begun, seen.begun = seen.begun, None
    if begun is not None and len(begun.logprobs) == len(places):
        return begun, torch.arange(len(places))
    return actors.evaluated(seen.rollout.rows(places)), places


def learned(actors: Actors, seen: Experience, rules: Rules, places: "Tensor") -> dict[str, float]:
    """Gradients of one minibatch, and its measures."""
    now, places = looked_again(actors, seen, places)
    mask, returns = seen.mask[places], seen.returns[places]
    policy = losses.policy_loss(
        now.logprobs, seen.logprobs[places], seen.advantages[places], mask, clip=rules.clip
    )
    value, value_clipped = losses.value_loss(
        now.values, seen.values[places], returns, mask, clip=rules.value_clip
    )
    loss = policy.loss + rules.value_coefficient * value
    if rules.entropy_coefficient:
        loss = loss - rules.entropy_coefficient * masked.mean(now.entropy, mask)
    loss.backward()
    return {
        "policy_loss": policy.loss.item(),
        "value_loss": value.item(),
        "value_clip_fraction": value_clipped,
        "clip_fraction": policy.clip_fraction,
        "approximate_kl": policy.approximate_kl,
        "ratio_mean": policy.ratio_mean,
        "ratio_max": policy.ratio_max,
    }


def described(seen: Experience) -> dict[str, float]:
    """What a rollout says about the policy before it changes."""
    kl, mask, rollout = seen.kl, seen.mask, seen.rollout
    k3 = masked.cleared(divergence.k3(seen.logprobs, seen.reference), mask).sum(-1)
    return {
        "score": seen.scores.mean().item(),
        "score_std": seen.scores.std(correction=0).item(),
        "reward": seen.shaped.mean().item(),
        "kl": kl.mean().item(),
        "kl_k3": k3.mean().item(),
        "entropy": masked.mean(seen.entropy, mask).item(),
        "explained_variance": losses.explained_variance(seen.values, seen.returns, mask),
        "length": rollout.lengths.float().mean().item(),
        "ended": rollout.ended.float().mean().item(),
        "same_opening": same_opening(rollout.responses, mask),
    }
