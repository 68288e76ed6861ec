"""An answer of a model that is being trained, greedy, so that no random number is used up."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmkit.tuning.opening import Opened
from llmkit.tuning.sequences import prompt_tokens


def answer(opened: Opened, model: Any, messages: Sequence[Mapping[str, str]], *, most: int) -> str:
    """The text of at most `most` tokens. The model is left in the mode it was in."""
    import torch

    tokens = prompt_tokens(opened.prompts, messages)[-(opened.window - most) :]
    ids = torch.tensor([tokens], device=opened.model.device)
    was_training, _ = model.training, model.eval()
    try:
        with torch.no_grad():
            made = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=opened.pad,
                eos_token_id=opened.eos,
            )
    finally:
        model.train(was_training)
    return str(opened.tokenizer.decode(made[0, len(tokens) :], skip_special_tokens=True))
