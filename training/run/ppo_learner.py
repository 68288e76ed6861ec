"""PPO in a run: draws, scores, learns, shows, and names what looks wrong."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from llmkit.rl.actors import Actors, Rollout, logits_of, sample
from llmkit.rl.divergence import exact
from llmkit.rl.masked import cleared
from llmkit.rl.update import Experience, described, experienced, updated
from llmkit.rl.watch import OPENINGS, WATCHED, warnings
from llmkit.tuning.intervals import mean_with_interval
from llmkit.tuning.opening import Opened
from training.run.descent import batch_at, descend, rate, seed_all
from training.run.errors import RunError, Stopped
from training.run.state import State, undisturbed
from training.run.work import Work

if TYPE_CHECKING:
    from training.methods.ppo import Config

T = TypeVar("T")
POLICY, REFERENCE = range(2)
SHOWN = 3


class Clock:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, phase: str, work: Callable[[], T]) -> T:
        began = time.monotonic()
        done = work()
        self.seconds[f"seconds_{phase}"] = time.monotonic() - began
        return done


class Learner:
    """Draws, scores, learns and shows."""

    def __init__(
        self,
        config: "Config",
        work: Work,
        opened: Opened,
        actors: Actors,
        state: State,
        total: int,
        held_out: Sequence[list[int]],
    ) -> None:
        self.config, self.work, self.opened = config, work, opened
        self.actors, self.state, self.total, self.held_out = actors, state, total, held_out
        self.seen: Mapping[str, float] = {}
        self.looked_at: int | None = None
        self.rules, self.shaping = config.rules(), config.shaping()
        self.controller = config.controller()
        self.stops = {opened.eos, *stop_ids(config, opened)}

    def step(self, prompts: Sequence[list[int]], number: int) -> Mapping[str, float]:
        coefficient = self.state.extra.get("kl", self.controller.coefficient)
        self.controller.coefficient = coefficient
        size = self.config.batch_size * self.config.accumulate
        batch, clock = batch_at(prompts, number, size, self.config.seed), Clock()
        rollout = clock("sampling", lambda: self.drawn(POLICY, batch))
        self.go_on()
        seen = clock("scoring", lambda: self.experienced(rollout))
        found = described(seen) | {"kl_coefficient": coefficient}
        found |= clock("learning", lambda: self.updated(seen))
        self.controller.update(found["kl"], len(batch))
        self.state.extra = self.remembered(found)
        self.warn()
        rates = {"learning_rate": rate(self.config, number, self.total)}
        return found | rates | clock.seconds | {"tokens": float(rollout.mask.sum())}

    def experienced(self, rollout: Rollout) -> Experience:
        coefficient = self.controller.coefficient
        return experienced(self.actors, rollout, self.shaping, self.rules, coefficient)

    def updated(self, seen: Experience) -> dict[str, float]:
        def down() -> float:
            return descend(self.state, self.config, self.total)

        return updated(self.actors, seen, self.rules, down, self.go_on)

    def go_on(self) -> None:
        if self.work.stop.wanted:
            raise Stopped

    def drawn(self, who: int, prompts: Sequence[list[int]]) -> Rollout:
        model = (self.actors.policy, self.actors.reference)[who]
        return sample(
            model,
            list(prompts),
            stops=self.stops,
            pad=self.opened.pad,
            most=self.config.max_answer,
            temperature=self.config.temperature,
            wanted=lambda: self.work.stop.wanted,
            decoder=self.actors.decoders[who],
        )

    def remembered(self, found: Mapping[str, float]) -> dict[str, Any]:
        """What a run that goes on must know besides its weights."""
        history = self.state.extra.get("history", {})
        grown = {name: [*history.get(name, []), found[name]] for name in (*WATCHED, OPENINGS)}
        told = self.state.extra.get("told", [])
        ours = {"kl": self.controller.coefficient, "history": grown, "told": told}
        return {**self.state.extra, **ours}

    def warn(self) -> None:
        """Each kind of trouble once, in words."""

        extra = self.state.extra
        target = self.config.kl_target if self.config.kl == "adaptive" else None
        for sentence in warnings(extra["history"], kl_target=target):
            if sentence.split()[0] not in extra["told"]:
                extra["told"] = [*extra["told"], sentence.split()[0]]
                self.work.report.warn(sentence)

    def look(self, number: int) -> Mapping[str, float]:
        """Scores of the policy's answers to held-out prompts, drawn alike at every look.

        The draw has its own seed, so that looking changes nothing of what is learned.
        """

        if not self.held_out:
            return {}
        with undisturbed():
            self.seen, self.looked_at = self.looked(number), number
        return self.seen

    def looked(self, number: int) -> Mapping[str, float]:

        seed_all(self.config.seed)
        rollout = self.drawn(POLICY, self.held_out)
        self.go_on()
        scores = self.actors.score(rollout)
        self.show(rollout, scores, number)
        mean, low, high = mean_with_interval([[score] for score in scores.tolist()])
        return {
            "held_out_score": mean,
            "held_out_score_low": low,
            "held_out_score_high": high,
            "held_out_kl": self.divergence(rollout),
            "held_out_length": rollout.lengths.float().mean().item(),
            "held_out_ended": rollout.ended.float().mean().item(),
        }

    def divergence(self, rollout: Rollout) -> float:
        """The KL to the reference per answer, summed exactly over the vocabulary."""
        import torch

        with torch.no_grad():
            policy = logits_of(self.actors.policy, rollout) / self.config.temperature
            reference = logits_of(self.actors.reference, rollout) / self.config.temperature
            return cleared(exact(policy, reference), rollout.response_mask).sum(-1).mean().item()

    def show(self, rollout: Rollout, scores: Any, number: int) -> None:
        """The first answers beside the reference's to the same prompts."""
        prompts = [self.prompt(rollout, row) for row in range(min(SHOWN, len(scores)))]
        other = self.drawn(REFERENCE, prompts)
        theirs = self.actors.score(other)
        for row, prompt in enumerate(prompts):
            self.work.report.sample(
                number,
                prompt=self.opened.tokenizer.decode(prompt, skip_special_tokens=True),
                text=self.text(rollout, row),
                score=scores[row].item(),
                reference=self.text(other, row),
                reference_score=theirs[row].item(),
            )

    def prompt(self, rollout: Rollout, row: int) -> list[int]:
        begun = rollout.mask[row, : rollout.prompt_length].bool()
        tokens: list[int] = rollout.tokens[row, : rollout.prompt_length][begun].tolist()
        return tokens

    def text(self, rollout: Rollout, row: int) -> str:
        answer = rollout.responses[row][rollout.response_mask[row]]
        return str(self.opened.tokenizer.decode(answer, skip_special_tokens=True))


def stop_ids(config: "Config", opened: Opened) -> list[int]:
    """RunError for a text that is not one token of this model."""
    found = []
    for text in config.stop_tokens:
        ids = opened.tokenizer.encode(text, add_special_tokens=False)
        if len(ids) != 1:
            raise RunError(f"'{text}' is not one token of this model, so it can't end an answer.")
        found.append(ids[0])
    return found
