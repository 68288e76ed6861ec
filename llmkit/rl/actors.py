"""The models of PPO over one set of base weights: policy, reference, value head, reward.

Each is a twin of the base with its own adapter, so nothing is switched on and off and nothing is
held twice. The reference of a policy that goes on from an adapter has a frozen copy of that one.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmkit import heads
from llmkit.rl import drawing, responses
from llmkit.tuning.reading import has_soft_prompt, states, with_soft_prompt

if TYPE_CHECKING:
    from torch import Tensor, nn

    from llmkit.engine.fast.decoder import Decoder


@dataclass
class Rollout:
    """One batch of prompts with what the policy answered.

    `tokens` [batch, prompt + response], prompts filled on the left; `mask` of the same shape;
    `responses` and `response_mask` [batch, response]; `ended` [batch].
    """

    tokens: "Tensor"
    mask: "Tensor"
    prompt_length: int
    response_mask: "Tensor"
    ended: "Tensor"

    @property
    def responses(self) -> "Tensor":
        return self.tokens[:, self.prompt_length :]

    @property
    def lengths(self) -> "Tensor":
        return self.response_mask.sum(-1)

    def rows(self, places: "Tensor") -> "Rollout":
        return Rollout(
            self.tokens[places],
            self.mask[places],
            self.prompt_length,
            self.response_mask[places],
            self.ended[places],
        )

    def sequences(self, end: int) -> list[list[int]]:
        """Whole sequences without padding, each with its end token, as a reward model read them."""
        found = []
        for row, mask, ended in zip(self.tokens, self.mask, self.ended, strict=True):
            kept = row[mask.bool()].tolist()
            found.append(kept if ended and kept[-1] == end else [*kept, end])
        return found


def hidden_states(model: Any, rollout: Rollout) -> "Tensor":
    """[batch, response, width]: the states from which each response token was drawn."""
    found = states(model, rollout.tokens, rollout.mask)
    return found[:, rollout.prompt_length - 1 : -1]


def vocabulary_head(model: Any) -> Any:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.get_output_embeddings()


def logits_of(model: Any, rollout: Rollout) -> "Tensor":
    """[batch, response, vocabulary], for the response's places alone."""
    return vocabulary_head(model)(hidden_states(model, rollout))


@dataclass
class Evaluated:
    """Of each response token: log π and its value, [batch, response]; and what it is from."""

    logprobs: "Tensor"
    values: "Tensor"
    logits: "Tensor"
    temperature: float

    @property
    def entropy(self) -> "Tensor":
        """[batch, response] in nats; made when asked for, for it goes over all logits."""
        return responses.entropy(self.logits, self.temperature)


@dataclass
class Actors:
    """`score` gives [batch] from a rollout. `temperature` is that of sampling, on every path.

    `decoders` draw for the policy and for the reference where there are any. `saves_memory`: what
    a layer computes is computed again for its gradient, not kept; see `recomputing`.
    """

    policy: Any
    reference: Any
    value_head: "nn.Linear"
    score: Callable[[Rollout], "Tensor"]
    temperature: float = 1.0
    decoders: "Sequence[Decoder | None]" = (None, None)
    saves_memory: bool = False

    def evaluated(self, rollout: Rollout) -> Evaluated:
        """One pass of the policy gives log-probabilities and values."""
        with recomputing(self.policy) if self.saves_memory else nullcontext():
            hidden = hidden_states(self.policy, rollout)
        logits = vocabulary_head(self.policy)(hidden)
        return Evaluated(
            responses.logprobs(logits, rollout.responses, self.temperature),
            heads.applied(self.value_head, hidden),
            logits,
            self.temperature,
        )

    def reference_logprobs(self, rollout: Rollout) -> "Tensor":
        logits = logits_of(self.reference, rollout)
        return responses.logprobs(logits, rollout.responses, self.temperature)


def recomputes(model: Any) -> bool:
    """Let the model's layers be computed twice inside `recomputing`; whether they can be.

    Soft prompts of keys and values can't: layers that are computed again drop them.
    """
    inner = model.get_base_model()
    possible = bool(inner.supports_gradient_checkpointing) and not has_soft_prompt(model)
    if possible:
        inner.gradient_checkpointing_enable({"use_reentrant": False})
    return possible


@contextmanager
def recomputing(model: Any) -> Iterator[None]:
    """Layers alone are told that they train: transformers recomputes only then, while all that is
    in them stays as it was, and drawing, outside of this, keeps its cache."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [each for each in model.modules() if isinstance(each, GradientCheckpointingLayer)]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False


def without_dropout(*models: Any) -> None:
    """Rewards compare probabilities of two passes: both must be of the same network."""
    from torch import nn

    for model in models:
        model.eval()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
            for name, value in vars(module).items():
                if "dropout" in name and isinstance(value, float):
                    setattr(module, name, 0.0)


def sample(
    model: Any,
    prompts: list[list[int]],
    *,
    stops: Collection[int],
    pad: int,
    most: int,
    temperature: float = 1.0,
    wanted: Callable[[], bool] = lambda: False,
    decoder: "Decoder | None" = None,
) -> Rollout:
    """Answers drawn from the whole distribution: no top-k, no top-p, no penalty, no least length.

    Any of these would draw from another distribution than the one whose log-probability is taken,
    and the KL could be negative. `wanted` breaks the drawing off. `decoder` writes them faster
    where the model has one.
    """
    import torch

    device = next(model.parameters()).device
    longest = max(map(len, prompts))
    rows = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=device)
    limits: dict[str, Any] = {
        "stops": stops,
        "most": most,
        "temperature": temperature,
        "wanted": wanted,
    }
    with torch.no_grad():
        if decoder is not None:
            answers = drawing.drawn(decoder, prompts, **limits)
        else:
            answers = generated(model, rows, mask, pad=pad, **limits)
    real = responses.response_mask(answers, stops)
    return Rollout(
        torch.cat([rows, answers.masked_fill(~real, pad)], 1),
        torch.cat([mask, real.long()], 1),
        longest,
        real,
        responses.has_ended(answers, stops),
    )


def generated(
    model: Any,
    rows: "Tensor",
    mask: "Tensor",
    *,
    stops: Collection[int],
    pad: int,
    most: int,
    temperature: float,
    wanted: Callable[[], bool],
) -> "Tensor":
    """The answers [rows, made] by transformers' own way, which knows every architecture."""
    drawer, inputs = to_draw_from(model, rows, mask)
    made: Tensor = drawer.generate(
        **inputs,
        max_new_tokens=most,
        stopping_criteria=[_Broken(wanted)],
        **told(stops, pad, temperature),
    )
    return made[:, rows.shape[1] :] if "input_ids" in inputs else made


def to_draw_from(model: Any, rows: "Tensor", mask: "Tensor") -> tuple[Any, dict[str, Any]]:
    """The model that generates, and its inputs.

    PEFT's own generation with vectors in front of the prompt counts padding as positions, so these
    are handed to the base as embeddings; it then gives the new tokens alone.
    """
    if has_soft_prompt(model):
        inputs, longer = with_soft_prompt(model, rows, mask)
        if "inputs_embeds" in inputs:
            return model.get_base_model(), {**inputs, "attention_mask": longer}
    return model, {"input_ids": rows, "attention_mask": mask}


def told(stops: Collection[int], pad: int, temperature: float) -> dict[str, Any]:
    """What `generate` is told, so that nothing of a model's own defaults remains."""
    from transformers import GenerationConfig

    config = GenerationConfig(
        do_sample=True,
        temperature=temperature,
        top_k=0,
        top_p=1.0,
        min_new_tokens=0,
        repetition_penalty=1.0,
        eos_token_id=sorted(stops),
        pad_token_id=pad,
    )
    return {"generation_config": config}


class _Broken:
    """A stopping criterion of transformers: every row at once."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted

    def __call__(self, input_ids: "Tensor", scores: Any, **more: Any) -> "Tensor":
        import torch

        return torch.full((len(input_ids),), self._wanted(), device=input_ids.device)
