"""POST /v1/distribution: how likely the tokens of an answer were, and what else could have stood.

Without `position`: every token with its log probability, rank and best alternatives. With it: the
whole distribution of the token at that place, as `scores`: the logits after the repetition penalty,
float32, little-endian, base64, in descending order. Temperature and the filters keep that order, so
`tokens` names the first of them and the rest needs no names.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from llmkit.engine.answer import AttentiveResponse, error_response
from llmkit.engine.body import DistributionBody
from llmkit.engine.fields import invalid
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.hub import Served
    from llmkit.engine.loading import LoadedModel

Report = Callable[[Any], dict[str, Any]]


async def distribution(served: "Served", body: DistributionBody) -> Response:
    """The answer to a request. EngineError: invalid, too_long, busy."""
    prompt, tokens = await asyncio.to_thread(read_tokens, served, body)
    inspection, report = plan(served.loaded, body, prompt, tokens)
    if not tokens and body.position is None:
        return JSONResponse(report([]))
    served.backend.inspect(inspection)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            found = await asyncio.wrap_future(inspection.answer)
            response = JSONResponse(await asyncio.to_thread(report, found))
        except EngineError as error:
            response = error_response(error)
        await response(scope, receive, send)

    return AttentiveResponse(answer, inspection.answer.cancel)


def read_tokens(served: "Served", body: DistributionBody) -> tuple[list[int], list[int]]:
    """The prompt and the answer as ids that the model has and that fit its window."""
    prompt = served.prompt(body.messages, body.prompt, continue_final=body.continue_final)
    tokens = list(body.tokens) or served.prompts.text_ids(body.text)
    check_tokens(served.loaded, tokens)
    served.check_length(prompt)
    count = len(prompt.tokens) + len(tokens)
    if count > served.window:
        raise EngineError(
            f"The prompt and the answer have {count} tokens together, but "
            f"{served.loaded.name} holds {served.window}.",
            code="too_long",
        )
    if body.position is not None and body.position > len(tokens):
        raise invalid(f"position must be at most {len(tokens)}, the number of tokens.")
    return prompt.tokens, tokens


def check_tokens(loaded: "LoadedModel", tokens: Sequence[int]) -> None:
    """EngineError(invalid) for an id that the model does not have."""
    wrong = next((token for token in tokens if not 0 <= token < loaded.vocabulary), None)
    if wrong is not None:
        raise invalid(
            f"{loaded.name} has no token {wrong}; its ids go from 0 to {loaded.vocabulary - 1}."
        )


def check_beginning(loaded: "LoadedModel", tokens: Sequence[int]) -> None:
    """EngineError(invalid) unless an answer of this model can go on after these tokens."""
    check_tokens(loaded, tokens)
    if loaded.eos.intersection(tokens):
        raise invalid("This token ends the answer; nothing can follow it.")


def plan(
    loaded: "LoadedModel", body: DistributionBody, prompt: list[int], tokens: list[int]
) -> tuple[Any, Report]:
    """What to look at, and how to tell what was found."""
    from llmkit.engine.distribution import Place, answer_report
    from llmkit.engine.inspection import AnswerInspection, PlaceInspection

    head = {"model": loaded.name, "prompt_tokens": len(prompt)}
    if body.position is None:
        looked = AnswerInspection(loaded, prompt, tokens, body.top)
        return looked, lambda found: {**head, "tokens": answer_report(loaded, found)}
    read = [*prompt, *tokens[: body.position]]
    chosen = tokens[body.position] if body.position < len(tokens) else None
    place = Place(loaded, read, chosen, body.top, body.repetition_penalty)
    head["position"] = body.position
    looked_at = PlaceInspection(loaded, prompt, tokens[: body.position])
    return looked_at, lambda logits: {**head, **place.report(logits)}
