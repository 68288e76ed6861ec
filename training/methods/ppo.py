"""Proximal policy optimisation from a reward model (Schulman et al. 2017; Ouyang et al. 2022).

Sample: {"messages": [{"role": "user", "content": "…"}]}
One set of base weights: the policy is the base under an adapter that learns, the reference the base
itself (or a frozen copy of the adapter that the policy goes on from), the reward model the base
under its own adapter. Only the policy's adapter and a value head learn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.configs import setting
from llmkit.tuning.memory_plan import Load
from training.methods.look import Look, Rows
from training.methods.method import Method, Slot, file
from training.methods.schedule import Schedule, steps_in_all
from training.run.errors import RunError
from training.run.pace import READING

if TYPE_CHECKING:
    from llmkit.rl.actors import Actors, Rollout
    from llmkit.rl.controllers import KLController
    from llmkit.rl.rewards import Shaping
    from llmkit.rl.update import Rules
    from llmkit.tuning.opening import Opened, Reading
    from training.run.ppo_learner import Learner
    from training.run.work import Work


@dataclass(frozen=True)
class Config(Schedule):
    """`batch_size` × `accumulate` answers are drawn a step."""

    batch_size: int = setting(4, "Batch size", "Answers drawn at once.", minimum=1, maximum=4096)
    max_prompt: int = setting(
        512, "Longest prompt", "A longer one is left out.", minimum=8, unit="tokens"
    )
    max_answer: int = setting(64, "Longest answer", minimum=2, maximum=4096, unit="tokens")
    temperature: float = setting(1.0, "Temperature", minimum=0.05, maximum=5, advanced=True)
    passes: int = setting(4, "Passes over each batch", minimum=1, maximum=50)
    minibatch: int = setting(4, "Minibatch", "Answers a change of the weights.", minimum=1)
    kl: str = setting("adaptive", "KL penalty", choices=("adaptive", "fixed"))
    kl_coefficient: float = setting(0.05, "KL coefficient", "At first.", minimum=0, maximum=100)
    kl_target: float = setting(
        6.0, "KL target", "Per answer, for the adaptive penalty.", minimum=0.001, unit="nats"
    )
    kl_horizon: float = setting(
        1000.0,
        "KL horizon",
        "Smaller steers harder.",
        minimum=1,
        advanced=True,
        unit="answers",
    )
    update_kl: float | None = setting(
        None,
        "End a step's passes at",
        "Per token, between old and new policy; empty: never.",
        minimum=0,
        advanced=True,
        unit="nats",
    )
    clip: float = setting(0.2, "Clip", minimum=0.01, maximum=1, advanced=True)
    value_clip: float | None = setting(0.2, "Value clip", minimum=0, advanced=True)
    value_coefficient: float = setting(0.1, "Weight of the value loss", minimum=0, advanced=True)
    entropy_coefficient: float = setting(0.0, "Weight of the entropy", minimum=0, advanced=True)
    gamma: float = setting(1.0, "Discount", minimum=0, maximum=1, advanced=True)
    lam: float = setting(0.95, "GAE's lambda", minimum=0, maximum=1, advanced=True)
    missing_end: float = setting(
        1.0, "Price of a missing end", "Taken from the score of a cut answer.", minimum=0
    )
    per_token: float = setting(
        0.0, "Price per token", "Of each token beyond the free ones.", minimum=0, advanced=True
    )
    free_tokens: int = setting(
        0, "Free tokens", "Cost nothing.", minimum=0, advanced=True, unit="tokens"
    )
    score_clip: float | None = setting(5.0, "Clip scores at ±", minimum=0.001, advanced=True)
    whiten_rewards: bool = setting(False, "Whiten rewards", advanced=True)
    stop_tokens: tuple[str, ...] = setting(
        (), "Further stop tokens", "Single tokens that end an answer, too.", advanced=True
    )
    held_out: int = setting(
        16, "Held-out prompts", "Answered at each look.", minimum=0, unit="prompts"
    )

    def rules(self) -> "Rules":
        from llmkit.rl.update import Rules

        return Rules(
            passes=self.passes,
            minibatch=self.minibatch,
            clip=self.clip,
            value_clip=self.value_clip,
            value_coefficient=self.value_coefficient,
            entropy_coefficient=self.entropy_coefficient,
            gamma=self.gamma,
            lam=self.lam,
            target_kl=self.update_kl,
            whiten_rewards=self.whiten_rewards,
        )

    def shaping(self) -> "Shaping":
        from llmkit.rl.rewards import Shaping

        return Shaping(
            missing_end=self.missing_end,
            per_token=self.per_token,
            free_tokens=self.free_tokens,
            clip=self.score_clip,
        )

    def controller(self) -> "KLController":
        from llmkit.rl.controllers import AdaptiveKL, FixedKL

        if self.kl == "fixed":
            return FixedKL(self.kl_coefficient)
        return AdaptiveKL(self.kl_coefficient, self.kl_target, self.kl_horizon)


def run(config: Config, work: "Work") -> Mapping[str, float]:
    from llmkit.tuning.opening import open_base
    from training.run.descent import seed_all

    opened = open_base(Path(work.base.path), precision=work.precision)
    work.report.phase(READING)
    prompts = prompts_of(config, work, opened, "train")
    if not prompts:
        raise RunError("No prompt is left to train on. Check the dataset and the longest prompt.")
    seed_all(config.seed)
    actors = actors_of(config, work, opened)
    held_out = prompts_of(config, work, opened, "validation")[: config.held_out]
    learner = learned(config, work, opened, actors, prompts, held_out)
    return finished(learner, work, opened)


def learned(
    config: Config,
    work: "Work",
    opened: "Opened",
    actors: "Actors",
    prompts: list[list[int]],
    held_out: list[list[int]],
) -> "Learner":
    """The learner after its last step."""
    from training.run.breaking import breakable
    from training.run.descent import Loop, optimiser_of
    from training.run.patience import Better
    from training.run.ppo_learner import Learner
    from training.run.state import State, learning

    breakable(actors.policy, work.stop)
    parameters = learning({"policy": actors.policy, "value": actors.value_head})
    state = State(parameters, optimiser_of(config, parameters.values()))
    total = steps_in_all(config, len(prompts))
    learner = Learner(config, work, opened, actors, state, total, held_out)
    best = Loop(
        state=state,
        schedule=config,
        work=work,
        total=total,
        step=lambda number: learner.step(prompts, number),
        evaluate=learner.look,
        changes_within=True,
        better=Better("held_out_score", higher=True),
    ).run()
    if best not in (None, learner.looked_at):
        learner.look(best)
    return learner


def prompts_of(config: Config, work: "Work", opened: "Opened", split: str) -> list[list[int]]:
    """In tokens, each once."""
    kept, long = kept_prompts(config, opened, work.rows(split))
    work.report.log(f"{split}: {len(kept):,} prompts; {long:,} were too long.")
    return kept


def kept_prompts(config: Config, reading: "Reading", rows: Rows) -> tuple[list[list[int]], int]:
    """Each prompt once, and how many rows were too long."""
    from llmkit.tuning.sequences import prompt_tokens

    room = min(config.max_prompt, reading.window - config.max_answer)
    found = [prompt_tokens(reading.prompts, row["messages"]) for row in rows]
    kept = dict.fromkeys(tuple(tokens) for tokens in found if len(tokens) <= room)
    return [list(tokens) for tokens in kept], sum(len(tokens) > room for tokens in found)


def look(config: Config, reading: "Reading", rows: Rows) -> Look:
    from llmkit.tuning.sequences import IGNORED, Example

    kept, long = kept_prompts(config, reading, rows)
    return Look(
        units=len(kept),
        unit="prompts",
        lengths=list(map(len, kept)),
        learned=0,
        dropped=long,
        why="longer prompts are left out",
        examples=[Example(one, [IGNORED] * len(one)) for one in kept[:1]],
    )


def load(config: Config, longest: int, most: int) -> Load:
    """A minibatch of prompts with their answers, of which the answers are scored whole, while the
    keys and values of a batch that is drawn may still be held."""
    answers = min(config.minibatch, config.batch_size * config.accumulate)
    length = longest + config.max_answer
    return Load(
        answers,
        length,
        scored=answers * config.max_answer,
        tiled=False,
        cached=config.batch_size * config.accumulate * length,
        recomputed=config.gradient_checkpointing,
        batch="minibatch",
    )


def actors_of(config: Config, work: "Work", opened: "Opened") -> "Actors":
    from llmkit import heads
    from llmkit.engine.twins import twin
    from llmkit.rl.actors import Actors, recomputes, without_dropout
    from llmkit.rl.drawing import decoders
    from llmkit.tuning.opening import with_adapter

    own = twin(opened.model, own_config=True)
    policy, reference = work.tuned(own), opened.model
    if work.adapter is not None:
        reference = with_adapter(twin(opened.model, own_config=True), Path(work.adapter.path))
    without_dropout(policy, reference)
    head = heads.value_head(opened.width, device=opened.model.device)
    return Actors(
        policy,
        reference,
        head,
        scorer_of(work, opened),
        config.temperature,
        decoders=decoders(opened.model, policy, reference),
        saves_memory=config.gradient_checkpointing and recomputes(policy),
    )


def scorer_of(work: "Work", opened: "Opened") -> Any:
    """Reads the policy's own tokens where the reward model has the same base, else its text."""
    from llmkit.scoring import open_scorer

    if work.reward is None:
        raise RunError("PPO needs a reward model. Train one first, or choose one.")
    base = Path(work.reward_base or work.base.path)
    if base == Path(work.base.path):
        scorer = open_scorer(base, Path(work.reward.path), opened=opened)
        return lambda rollout: scorer.of_tokens(rollout.sequences(opened.eos))
    other = open_scorer(base, Path(work.reward.path))
    return lambda rollout: by_text(other, opened, rollout)


def by_text(scorer: Any, opened: "Opened", rollout: "Rollout") -> Any:
    import torch

    texts = []
    for row, mask, real in zip(rollout.tokens, rollout.mask, rollout.response_mask, strict=True):
        answer = row[rollout.prompt_length :][real]
        asked = row[: rollout.prompt_length][mask[: rollout.prompt_length].bool()]
        prompt = opened.tokenizer.decode(asked, skip_special_tokens=True)
        said = opened.tokenizer.decode(answer, skip_special_tokens=True)
        texts.append(([{"role": "user", "content": prompt}], said))
    return torch.tensor(scorer.score(texts), device=rollout.tokens.device)


def finished(learner: "Learner", work: "Work", opened: "Opened") -> Mapping[str, float]:
    from training.run.artifacts import save_tuned, writing

    with writing(work) as folder:
        save_tuned(learner.actors.policy, opened.tokenizer, folder, work.base.name)
    return learner.seen


file(
    Method(
        name="ppo",
        label="PPO",
        summary="Learns to answer so that a reward model scores higher, near what it was.",
        good_for="Answers that people would rank higher, once there is a reward model.",
        has_reference=True,
        config=Config,
        slots=(
            Slot("model", "Base model", ("base", "merged")),
            Slot("adapter", "Adapter to go on from", ("adapter",), required=False),
            Slot("reward_model", "Reward model", ("reward",)),
            Slot("dataset", "Prompts", ("prompt", "completion", "preference"), what="dataset"),
        ),
        run=run,
        look=look,
        reads=("max_prompt", "max_answer"),
        steps=steps_in_all,
        load=load,
        main_measure="held_out_score",
        several=False,
        curves=("score", "kl"),
        ways=("lora", "qlora", "selective", "adapters", "prompt", "p-tuning", "prefix", "ia3"),
    )
)
