"""What a finished run is worth: the figures of docs/results.md, measured from the run's own folder.

    python -m scripts.results sft DATA_DIR/runs/ID
    python -m scripts.results reward DATA_DIR/runs/ID
    python -m scripts.results ppo DATA_DIR/runs/ID --count 96 --made DATA_DIR/adapters/MODEL/NAME

Each prints JSON. Intervals are 95 %, by drawing held-out dialogues or prompts again; differences
are of the same ones before and after.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.run.events import Events, Report
from training.run.folder import RunFolder
from training.run.stopping import Stop
from training.run.work import Work, work_of

Found = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(MEASURED))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10**6, help="held-out rows at most")
    parser.add_argument("--made", type=Path, help="what the run made, once it is filed elsewhere")
    parser.add_argument("--texts", type=int, default=32, help="summaries to write and compare")
    parser.add_argument(
        "--longest", type=int, help="tokens of the longest pair; the run's own else"
    )
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    folder = RunFolder(options.folder.resolve())
    config = folder.read_config()
    work = work_of(folder, Report(Events(Path("/dev/null"))), Stop(), config)
    print(json.dumps(MEASURED[options.what](work, config["config"], options), ensure_ascii=False))


def with_interval(name: str, values: Sequence[float]) -> Found:
    from llmkit.tuning.intervals import mean_with_interval

    mean, low, high = mean_with_interval([[value] for value in values])
    return {name: {"mean": mean, "low": low, "high": high, "n": len(values)}}


def before_and_after(name: str, before: Sequence[float], after: Sequence[float]) -> Found:
    change = [b - a for a, b in zip(before, after, strict=True)]
    return {
        **with_interval(f"{name}_before", before),
        **with_interval(f"{name}_after", after),
        **with_interval(f"{name}_change", change),
    }


def both(work: Work, made: Path | None) -> tuple[Any, Any]:
    """The base as it was opened, and the same weights under what the run made."""
    from llmkit.engine.twins import twin
    from llmkit.tuning.opening import open_base, with_adapter

    opened = open_base(Path(work.base.path), precision=work.precision)
    tuned = with_adapter(twin(opened.model, own_config=True), made or work.folder.artifact)
    return opened, tuned.eval()


def sft(work: Work, config: Mapping[str, Any], options: argparse.Namespace) -> Found:
    """The loss on each held-out row in nats per token, and summaries against the people's."""
    from llmkit.tuning.sequences import completions

    opened, tuned = both(work, options.made)
    rows = list(work.rows("validation"))[: options.count]
    longest = config["max_length"]
    encoded = completions(opened.prompts, rows, eos=opened.eos, longest=longest)
    before, after = (
        [loss_of(model, example) for example in encoded.sequences]
        for model in (opened.model, tuned)
    )
    found = before_and_after("loss", before, after)
    texts = [
        [written(opened, model, row, config) for row in rows[: options.texts]]
        for model in (opened.model, tuned)
    ]
    return found | rouge(rows, *texts)


def loss_of(model: Any, example: Any) -> float:
    import torch

    ids = torch.tensor([example.tokens])
    with torch.no_grad():
        return float(model(input_ids=ids, labels=torch.tensor([example.labels])).loss)


def written(opened: Any, model: Any, row: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    from llmkit.tuning.answering import answer

    return answer(opened, model, row["messages"], most=config["sample_tokens"])


def rouge(rows: Sequence[Mapping[str, Any]], before: list[str], after: list[str]) -> Found:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    found: Found = {}
    for name in ("rouge1", "rougeL"):
        scores = [
            [
                scorer.score(row["completion"], text)[name].fmeasure
                for row, text in zip(rows, texts, strict=False)
            ]
            for texts in (before, after)
        ]
        found |= before_and_after(name, *scores)
    return found


def reward(work: Work, config: Mapping[str, Any], options: argparse.Namespace) -> Found:
    """Every held-out pair up to `--longest` tokens, also longer ones than were learned from."""
    from llmkit.scoring import group_scores, open_scorer
    from llmkit.tuning.judging import distribution, judged, reliability_of
    from llmkit.tuning.preference import grouped
    from training.methods.reward import longer_wins

    scorer = open_scorer(Path(work.base.path), options.made or work.folder.artifact)
    opened, longest = scorer.opened, options.longest or config["max_length"]
    train, held_out = (
        grouped(opened.prompts, work.rows(split), eos=opened.eos, longest=longest).groups
        for split in ("train", "validation")
    )
    held_out = held_out[: options.count]
    scores = raw(
        lambda group: group_scores(scorer.model, scorer.head, [group], opened.pad), held_out
    )
    even = [[scorer.normalisation(score) for score in found] for found in scores]
    return {
        **judged(held_out, scores, longer=longer_wins(train)),
        "longest": longest,
        "reliability": [each._asdict() for each in reliability_of(held_out, scores)],
        "distribution": distribution(held_out, even),
    }


def raw(score: Callable[[Any], Any], groups: Sequence[Any]) -> list[list[float]]:
    import torch

    with torch.no_grad():
        return [score(group).tolist() for group in groups]


def ppo(work: Work, config: Mapping[str, Any], options: argparse.Namespace) -> Found:
    """Answers of the reference and of the policy to the same held-out prompts, drawn alike."""
    from llmkit import heads
    from llmkit.configs import read
    from llmkit.rl.actors import Actors
    from llmkit.rl.drawing import decoders
    from training.methods.ppo import Config, prompts_of, scorer_of

    opened, tuned = both(work, options.made)
    settings = read(Config, config)
    prompts = prompts_of(settings, work, opened, "validation")[: options.count]
    actors = Actors(
        tuned,
        opened.model,
        heads.scalar_head(opened.width),
        scorer_of(work, opened),
        settings.temperature,
        decoders(opened.model, tuned, opened.model),
    )
    after, before = (drawn(actors, who, prompts, settings, opened) for who in (POLICY, REFERENCE))
    found: Found = {}
    for name in ("score", "length", "ended"):
        found |= before_and_after(name, before[name], after[name])
    found |= alike(before["opening"], after["opening"])
    return {**found, **with_interval("kl", after["kl"])}


def alike(before: Sequence[str], after: Sequence[str]) -> Found:
    """How many answers begin as most of the policy's do."""
    opening = Counter(after).most_common(1)[0][0]
    shares = [[float(each == opening) for each in answers] for answers in (before, after)]
    return {"opening": opening, **before_and_after("alike", *shares)}


POLICY, REFERENCE = range(2)
AT_ONCE = 16


def drawn(
    actors: Any, who: int, prompts: Sequence[list[int]], settings: Any, opened: Any
) -> dict[str, list[Any]]:
    """Score, length, end and first words of each answer, and the policy's KL to the reference."""
    import torch

    from llmkit.rl.actors import sample
    from llmkit.rl.responses import OPENING
    from llmkit.scoring import parts

    torch.manual_seed(settings.seed)
    found: dict[str, list[Any]] = {n: [] for n in FIELDS}
    for part in parts(list(prompts), AT_ONCE):
        rollout = sample(
            (actors.policy, actors.reference)[who],
            list(part),
            stops={opened.eos},
            pad=opened.pad,
            most=settings.max_answer,
            temperature=settings.temperature,
            decoder=actors.decoders[who],
        )
        with torch.no_grad():
            found["score"] += actors.score(rollout).tolist()
            found["kl"] += divergence(actors, rollout) if who == POLICY else []
        found["length"] += rollout.lengths.float().tolist()
        found["ended"] += rollout.ended.float().tolist()
        found["opening"] += opened.tokenizer.batch_decode(rollout.responses[:, :OPENING])
    return found


def divergence(actors: Any, rollout: Any) -> list[float]:
    """Nats per answer, summed exactly over the vocabulary at the temperature of drawing."""
    from llmkit.rl.actors import logits_of
    from llmkit.rl.divergence import exact
    from llmkit.rl.masked import cleared

    own, theirs = (
        logits_of(model, rollout) / actors.temperature
        for model in (actors.policy, actors.reference)
    )
    nats: list[float] = cleared(exact(own, theirs), rollout.response_mask).sum(-1).tolist()
    return nats


FIELDS = ("score", "length", "ended", "opening", "kl")
MEASURED = {"sft": sft, "reward": reward, "ppo": ppo}

if __name__ == "__main__":
    main()
