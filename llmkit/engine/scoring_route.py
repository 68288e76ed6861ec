"""`POST /v1/score`: how good a reward model finds answers, on weights that are loaded already.

A reward model is an adapter and a head over a base. Where the base answers people anyway, its
weights are there: the adapter goes into a twin of it, so a score costs one forward pass and no
second copy. The scores are those of the precision that the base is served in.

The body: `model` (a folder in `rewards/` beside the models), `base` (the model it sits on) and
`answers`, a list of {messages, answer}. The answer: `scores`, normalised, in their order.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llmkit.engine.fields import clean, invalid, parse_object, read_messages, read_text
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.hub import ModelHub, Served
    from llmkit.scoring import Scorer

MAX_ANSWERS = 64
MAX_BODY_BYTES = 8_000_000
HEAD = "head.safetensors"


@dataclass(frozen=True)
class ScoreBody:
    model: str
    base: str
    answers: Sequence[tuple[Sequence[Mapping[str, str]], str]]


class Scores:
    """One thread does all of it, beside those that write answers."""

    def __init__(self, hub: "ModelHub") -> None:
        self._hub = hub
        self._folder = hub.models_dir.parent / "rewards"
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scores")

    async def answer(self, request: Request) -> Response:
        """EngineError: invalid, model_not_found, model_failed."""
        body = parse_score(await read(request))
        folder = self._found(body.model)
        async with self._hub.use(body.base) as served:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._worker, scored, served, folder, body)
        return JSONResponse({"model": body.model, "scores": found})

    def _found(self, name: str) -> Path:
        """Of the folders that are there, so that no name leads elsewhere."""
        found = next((f for f in self._folder.glob("*/") if f.name == name), None)
        if found is None or not (found / HEAD).is_file():
            sentence = f"There is no reward model named {name[:80]}."
            raise EngineError(sentence, code="model_not_found")
        return found


def score_route(hub: "ModelHub") -> Route:
    return Route("/v1/score", Scores(hub).answer, methods=["POST"])


def scored(served: "Served", folder: Path, body: ScoreBody) -> list[float]:
    """In the order of the answers. What libraries say of a damaged folder is one sentence."""
    try:
        return scorer_of(served, folder).score(body.answers)
    except EngineError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise EngineError(
            f"The reward model {folder.name} can't score over {body.base}: {reason}",
            code="model_failed",
        ) from error


def scorer_of(served: "Served", folder: Path) -> "Scorer":
    """Opened once for a loaded model and as long as that stays; anew when its files changed."""
    from llmkit.engine.release import give_memory_back
    from llmkit.scoring import open_scorer
    from llmkit.tuning.opening import Opened

    stamp = (folder / HEAD).stat().st_mtime_ns
    kept = served.loaded.scorers.get(folder.name)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    loaded = served.loaded
    if loaded.encoder_decoder:
        raise EngineError(f"{loaded.name} reads and writes apart; it can't score.", code="invalid")
    opened = Opened(
        model=loaded.model,
        tokenizer=loaded.tokenizer,
        prompts=served.prompts,
        window=loaded.window,
        eos=loaded.tokenizer.eos_token_id,
    )
    scorer = open_scorer(Path(), folder, opened=opened)
    loaded.scorers[folder.name] = (stamp, scorer)
    give_memory_back()
    return scorer


def parse_score(raw: bytes) -> ScoreBody:
    data = parse_object(raw)
    names = {name: read_text(data, name) or "" for name in ("model", "base")}
    if not all(names.values()):
        raise invalid("Name the reward model as model, and the model it sits on as base.")
    given = data.get("answers")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_ANSWERS:
        raise invalid(f"answers must be a list of 1 to {MAX_ANSWERS}.")
    return ScoreBody(**names, answers=[parse_answer(one) for one in given])


def parse_answer(one: Any) -> tuple[list[dict[str, str]], str]:
    if not isinstance(one, dict) or not isinstance(one.get("answer"), str):
        raise invalid("Each of answers must be an object with messages and answer.")
    messages = [{"role": m.role, "content": m.content} for m in read_messages(one)]
    return messages, clean("answer", one["answer"])


async def read(request: Request) -> bytes:
    parts: list[bytes] = []
    async for part in request.stream():
        parts.append(part)
        if sum(map(len, parts)) > MAX_BODY_BYTES:
            raise invalid("The request is larger than 8 MB. Send fewer answers.")
    return b"".join(parts)
