"""An adapter's change put into the model's own weights, so that a plain model says the same.

LoRA adds a product of two thin matrices to a weight (arXiv:2106.09685), (IA)³ multiplies rows by a
vector (arXiv:2205.05638), selective tuning puts other weights in their place: all of them are
linear in the weights. A soft prompt is no change of weights, and a bottleneck adapter has a
non-linear layer between its two, so neither has a merged form.

The sum is made in float32 and compared with the adapter on its base before it is rounded to the
type that the base is stored in.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.adding.errors import AddError
from llmkit.adding.files import CARD, INDEX, WEIGHTS, is_wanted, listed
from llmkit.adding.request import Progress, Report
from llmkit.adding.space import require_disk, require_memory
from llmkit.adding.watching import bytes_in, growth_of
from llmkit.adding.weights import read_weights

if TYPE_CHECKING:
    from torch import Tensor

SOFT = "A soft prompt stands beside the weights and changes none, so it can't be merged."
REASONS = {
    "PROMPT_TUNING": SOFT,
    "P_TUNING": SOFT,
    "PREFIX_TUNING": SOFT,
    "MULTITASK_PROMPT_TUNING": SOFT,
    "BOTTLENECK": (
        "A bottleneck adapter has a non-linear layer, which no weights of the model can hold, so "
        "it can't be merged."
    ),
}
LOCAL = {"local_files_only": True, "trust_remote_code": False}
PROBE = 16
NEAR = 1e-3
WHILE_MERGING = 6


def why_not(kind: str) -> str:
    """Why adapters of this kind (PEFT's name for it) can't be merged; nothing where they can."""
    return REASONS.get(kind.upper(), "")


def merge(base: Path, adapter: Path, folder: Path, report: Report) -> None:
    """Write the merged model into `folder`. AddError where it would say other things."""
    size = bytes_in(base)
    require_disk(folder, size)
    parameters = read_weights(base).parameters
    require_memory(WHILE_MERGING * parameters)
    report(Progress("Reading the model"))
    model, stored = opened(base)
    report(Progress("Merging"))
    merged = put_in(model, adapter)
    copy_texts(base, folder)
    with growth_of(folder, "Writing", size, report):
        merged.to(stored).save_pretrained(str(folder), safe_serialization=True)


def opened(base: Path) -> tuple[Any, Any]:
    """The model in float32, and the type it is stored in."""
    import torch
    from transformers import AutoConfig

    from llmkit.engine.architecture import model_class
    from llmkit.tuning.opening import quieten

    quieten()
    config = AutoConfig.from_pretrained(base, **LOCAL)
    name = read_weights(base).dtype
    stored = getattr(torch, name, torch.float32)
    model = model_class(config).from_pretrained(base, dtype=torch.float32, **LOCAL)
    return model.eval(), stored if stored.is_floating_point else torch.float32


def put_in(model: Any, adapter: Path) -> Any:
    """The bare model with the adapter's change in its weights."""
    from llmkit.tuning.opening import with_adapter

    try:
        tuned = with_adapter(model, adapter).eval()
        before = probed(tuned)
        merged = tuned.merge_and_unload(safe_merge=True)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise AddError(f"This adapter can't be merged into its model: {reason}") from error
    require_same(before, probed(merged))
    return merged


def probed(model: Any) -> "Tensor":
    """[tokens, vocabulary]: what it says to the first tokens of its vocabulary."""
    import torch

    count = min(PROBE, model.config.get_text_config().vocab_size)
    tokens = torch.arange(count).unsqueeze(0)
    more = {"decoder_input_ids": tokens} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        logits: Tensor = model(input_ids=tokens, **more).logits[0]
    return logits.float()


def require_same(before: "Tensor", after: "Tensor") -> None:
    """AddError where the two differ by more than rounding, measured in the logits' own range."""
    spread = max(float(before.abs().max()), 1.0)
    apart = float((before - after).abs().max())
    if not apart <= NEAR * spread:
        raise AddError(
            f"Merged, this model would not say what the adapter says (logits differ by {apart:.3g} "
            f"of {spread:.3g}). Perhaps it changes weights that the model uses in two places."
        )


def copy_texts(base: Path, folder: Path) -> None:
    """The tokenizer, the licence and whatever else is text, but not the base's card."""
    for name in listed(base):
        if is_wanted(name) and not WEIGHTS.fullmatch(name) and name not in (INDEX, CARD):
            (folder / name).write_bytes((base / name).read_bytes())
