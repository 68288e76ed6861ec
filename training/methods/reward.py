"""A reward model from pairs of answers (Stiennon et al. 2020; Ouyang et al. 2022, 3.5).

Sample: {"messages": [{"role": "user", "content": "…"}], "chosen": "…", "rejected": "…",
"weight": 0.5, "votes": {"for": 2, "against": 1, "ties": 0}}
All pairs of a prompt are learned in one step, and weigh 1 together.
"""

from collections.abc import Callable, Mapping, Sequence
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
    from llmkit.tuning.opening import Opened, Reading
    from llmkit.tuning.preference import Group
    from training.run.work import Work

SAMPLES = 3
REFERENCES = 512


@dataclass(frozen=True)
class Config(Schedule):
    """`batch_size` counts prompts here, each with all its pairs."""

    batch_size: int = setting(
        4, "Batch size", "Prompts read at once, each with all its pairs.", minimum=1, maximum=4096
    )
    max_length: int = setting(
        1024, "Longest sequence", "A pair with a longer one is left out.", minimum=8, unit="tokens"
    )
    centring: float = setting(
        0.01,
        "Centring",
        "Price of the two scores' squared sum, which keeps scores around 0.",
        minimum=0,
        maximum=10,
        advanced=True,
    )
    held_out: int = setting(
        256, "Held-out prompts at a look", "The last look reads all of them.", minimum=0
    )
    margins: bool = setting(
        True, "Use margins", "Where a row has one, the better answer must win by it.", advanced=True
    )


def run(config: Config, work: "Work") -> Mapping[str, float]:
    from llmkit import heads
    from llmkit.tuning.opening import open_base
    from training.run.breaking import breakable
    from training.run.descent import Loop, optimiser_of, seed_all
    from training.run.several import world
    from training.run.state import State, learning

    opened = open_base(Path(work.base.path), precision=work.precision)
    work.report.phase(READING)
    train = groups_of(config, work, opened, "train")
    held_out = groups_of(config, work, opened, "validation")
    if not train:
        raise RunError("No pair is left to train on. Check the dataset and the longest length.")
    seed_all(config.seed)
    model, head = work.tuned(opened.model), heads.scalar_head(opened.width)
    head = head.to(opened.model.device)
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if world() == 1:
        breakable(model, work.stop)
    parameters = learning({"model": model, "head": head})
    learner = Learner(config, opened, model, head)
    loop = Loop(
        state=State(parameters, optimiser_of(config, parameters.values())),
        schedule=config,
        work=work,
        total=steps_in_all(config, len(train)),
        step=learner.stepper(train),
        evaluate=learner.looker(held_out, train),
    )
    learner.state, learner.total = loop.state, loop.total
    loop.run()
    return finished(learner, work, held_out, train)


def groups_of(config: Config, work: "Work", opened: "Opened", split: str) -> "list[Group]":
    from llmkit.tuning.preference import grouped

    longest = min(config.max_length, opened.window)
    found = grouped(opened.prompts, work.rows(split), eos=opened.eos, longest=longest)
    work.report.log(
        f"{split}: {len(found.groups):,} prompts with {found.pairs:,} pairs; {found.dropped:,} "
        "pairs left out because an answer was too long."
    )
    return found.groups


def look(config: Config, reading: "Reading", rows: Rows) -> Look:
    from llmkit.tuning.preference import grouped
    from llmkit.tuning.sequences import IGNORED, Example

    found = grouped(
        reading.prompts, rows, eos=reading.eos, longest=min(config.max_length, reading.window)
    )
    first = found.groups[0].sequences[:1] if found.groups else []
    return Look(
        units=len(found.groups),
        unit="prompts",
        lengths=[len(tokens) for group in found.groups for tokens in group.sequences],
        learned=found.pairs,
        learns="pairs",
        dropped=found.dropped,
        why="pairs with a longer answer are left out",
        most=max((len(group.sequences) for group in found.groups), default=2),
        examples=[Example(one, [IGNORED] * (len(one) - 1) + one[-1:]) for one in first],
    )


def load(config: Config, longest: int, most: int) -> Load:
    """No place is scored over the vocabulary: the head gives one number an answer."""
    return Load(
        config.batch_size * most,
        longest,
        scored=0,
        recomputed=config.gradient_checkpointing,
        each=most,
    )


class Learner:
    """The network and what is done to it."""

    state: Any
    total: int
    looked: tuple[int, list[list[float]]] = (-1, [])

    def __init__(self, config: Config, opened: "Opened", model: Any, head: Any) -> None:
        self.config, self.opened, self.model, self.head = config, opened, model, head

    def stepper(self, train: "list[Group]") -> Callable[[int], Mapping[str, float]]:
        from training.run.descent import batch_at

        size = self.config.batch_size * self.config.accumulate

        def step(number: int) -> Mapping[str, float]:
            return self.learned(batch_at(train, number, size, self.config.seed))

        return step

    def learned(self, groups: "Sequence[Group]") -> Mapping[str, float]:
        """One change of the weights from these prompts."""
        from llmkit.scoring import parts
        from training.run.descent import descend, rate
        from training.run.several import share, total, world

        self.model.train()
        rate_now = rate(self.config, self.state.step, self.total)
        cost = won = pairs = 0.0
        mine = share(sorted(groups, key=tokens_in))
        for part in parts(mine, max(1, self.config.batch_size // world())):
            loss, better, worse = self.loss(part, of=groups)
            loss.backward()
            cost += loss.item()
            won += (better > worse).sum().item()
            pairs += len(better)
        cost, won, pairs = total(cost, won, pairs)
        norm = descend(self.state, self.config, self.total)
        return {
            "loss": cost,
            "pair_accuracy": won / pairs,
            "gradient_norm": norm,
            "learning_rate": rate_now,
            "tokens": float(sum(map(tokens_in, groups))),
        }

    def loss(self, groups: "Sequence[Group]", of: "Sequence[Group]") -> tuple[Any, Any, Any]:
        """The part of the loss of all prompts `of` a step that these ones have in it."""
        import torch

        from llmkit.tuning.preference import pair_loss

        scores, device = self.scores(groups), self.opened.model.device
        chosen, rejected, weights, margins = columns(groups)
        better, worse = scores[chosen], scores[rejected]
        loss = pair_loss(
            better,
            worse,
            torch.tensor(weights, device=device),
            torch.tensor(margins, device=device) * self.config.margins,
            prompts=len(of),
            centring=self.config.centring * pairs_in(groups) / pairs_in(of),
        )
        return loss, better.detach(), worse.detach()

    def scores(self, groups: "Sequence[Group]") -> Any:
        """[answers of all groups], each prompt and each answer read once."""
        from llmkit.scoring import group_scores

        return group_scores(self.model, self.head, groups, self.opened.pad)

    def looker(
        self, held_out: "list[Group]", train: "list[Group]"
    ) -> Callable[[int], Mapping[str, float]]:
        def look(step: int) -> Mapping[str, float]:
            last = step == self.total and not self.config.patience
            some = held_out if last else held_out[: self.config.held_out]
            return self.measured(some, longer_wins(train)) if some else {}

        return look

    def measured(self, groups: "list[Group]", longer: bool) -> dict[str, float]:
        from llmkit.tuning.judging import judged

        self.looked = (self.state.step, self.all_scores(groups))
        return judged(groups, self.looked[1], longer=longer)

    def last_scores(self, groups: "list[Group]") -> list[list[float]]:
        """Those of the last look, where nothing was learned since."""
        step, scores = self.looked
        fresh = step == self.state.step and len(scores) == len(groups)
        return scores if fresh else self.all_scores(groups)

    def all_scores(self, groups: "Sequence[Group]") -> list[list[float]]:
        """For each group the raw scores of its answers, without a gradient."""
        import torch

        from training.run.several import merged, share

        was_training, _ = self.model.training, self.model.eval()
        with torch.no_grad():
            found = [self.scores([group]).tolist() for group in share(groups)]
        self.model.train(was_training)
        return merged(found)


def tokens_in(group: "Group") -> int:
    """Groups of like length side by side waste little padding."""
    return sum(map(len, group.sequences))


def pairs_in(groups: "Sequence[Group]") -> int:
    return sum(len(group.pairs) for group in groups)


def columns(groups: "Sequence[Group]") -> tuple[list[int], list[int], list[float], list[float]]:
    """Chosen and rejected places in all groups' answers laid end to end, weights and margins."""
    chosen, rejected, weights, margins, before = [], [], [], [], 0
    for group in groups:
        for pair in group.pairs:
            chosen.append(before + pair.chosen)
            rejected.append(before + pair.rejected)
            weights.append(pair.weight)
            margins.append(pair.margin)
        before += len(group.sequences)
    return chosen, rejected, weights, margins


def longer_wins(groups: "Sequence[Group]") -> bool:
    """Whether a baseline that knows lengths alone should bet on the longer answer."""
    signs = [g.lengths[p.chosen] - g.lengths[p.rejected] for g in groups for p in g.pairs]
    return sum(sign > 0 for sign in signs) >= sum(sign < 0 for sign in signs)


def finished(
    learner: Learner, work: "Work", held_out: "list[Group]", train: "list[Group]"
) -> Mapping[str, float]:
    from llmkit import heads, scoring
    from training.run.artifacts import save_tuned, writing

    known = learner.last_scores(held_out) if held_out else learner.all_scores(train[:REFERENCES])
    references = known[:REFERENCES]
    normalisation = normalised(references)
    judgement = judged_last(held_out, train, known, normalisation) if held_out else {}
    measures = judgement.get("measures", {})
    if held_out:
        work.report.log(in_words(measures))
    with writing(work) as folder:
        save_tuned(learner.model, learner.opened.tokenizer, folder, work.base.name)
        heads.save(learner.head, folder)
        scoring.save_facts(folder, normalisation, answers=len(references), **judgement)
    return measures | {"score_mean": normalisation.mean, "score_std": normalisation.std}


def judged_last(
    held_out: "list[Group]",
    train: "list[Group]",
    scores: Sequence[Sequence[float]],
    normalisation: Any,
) -> dict[str, Any]:
    """What is kept beside a reward model: its measures, how right it was when how sure, and the
    normalised scores of chosen and rejected answers."""
    from llmkit.tuning import judging

    even = [[normalisation(score) for score in found] for found in scores]
    return {
        "measures": judging.judged(held_out, scores, longer=longer_wins(train)),
        "reliability": [bin._asdict() for bin in judging.reliability_of(held_out, scores)],
        "quantiles": judging.QUANTILES,
        "distribution": judging.distribution(held_out, even),
    }


def in_words(measures: Mapping[str, float]) -> str:
    def share(name: str) -> str:
        low, high = (measures[f"{name}_{end}"] for end in ("low", "high"))
        return f"{measures[name]:.1%} ({low:.1%} to {high:.1%})"

    right, length = share("held_out_pair_accuracy"), share("length_baseline")
    gain = share("gain_over_length")
    return (
        f"Of {measures['held_out_pairs']:,.0f} held-out pairs it orders {right} rightly, lengths "
        f"alone {length}; the difference is {gain}."
    )


def normalised(scores: Sequence[Sequence[float]]) -> Any:
    """Mean and deviation over all reference answers."""
    import numpy as np

    from llmkit.scoring import Normalisation

    flat = np.array([score for group in scores for score in group])
    return Normalisation(float(flat.mean()), float(flat.std()) or 1.0)


file(
    Method(
        name="reward",
        label="Reward model",
        summary="Learns from ranked answers how much people will like one.",
        good_for="Turning rankings into a score, which PPO learns from and the chat can show.",
        config=Config,
        slots=(
            Slot("model", "Base model", ("base", "merged")),
            Slot("adapter", "Adapter to go on from", ("reward",), required=False),
            Slot("dataset", "Dataset", ("preference",), what="dataset", many=True),
        ),
        run=run,
        look=look,
        reads=("max_length",),
        steps=steps_in_all,
        load=load,
        main_measure="held_out_pair_accuracy",
        curves=("loss", "pair_accuracy"),
        ways=("lora", "qlora", "selective", "adapters", "prompt", "p-tuning", "prefix", "ia3"),
        produces="reward",
    )
)
