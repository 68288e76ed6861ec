"""Scalar heads: one number for a whole response (reward) or for each of its tokens (value)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "head.safetensors"


def scalar_head(width: int, *, device: Any = None) -> "nn.Linear":
    """A linear layer of std 1/√(width + 1) and bias 0 (Stiennon et al. 2020), in float32."""
    import torch

    head = torch.nn.Linear(width, 1, device=device, dtype=torch.float32)
    torch.nn.init.normal_(head.weight, std=(width + 1) ** -0.5)
    torch.nn.init.zeros_(head.bias)
    return head


def value_head(width: int, *, device: Any = None) -> "nn.Linear":
    """Begins with no opinion: a value of 0 for every token, so that what a step learns from is the
    reward against the batch's mean. Values drawn by chance would be noise several times as large
    as the differences between rewards, and they may move by no more than a step's value clip."""
    import torch

    head = scalar_head(width, device=device)
    torch.nn.init.zeros_(head.weight)
    return head


def applied(head: "nn.Linear", hidden: "Tensor") -> "Tensor":
    """[..., width] → [...], in float32."""
    return head(hidden.float()).squeeze(-1)


def at_last_token(values: "Tensor", mask: "Tensor") -> "Tensor":
    """[batch]: the value at each row's last real token, whichever side the padding is on.

    It is found by the attention mask. Looking for the padding token instead goes wrong where that
    is also the end-of-sequence token.
    """
    import torch

    places = torch.arange(mask.shape[-1], device=mask.device)
    last = (mask.long() * (places + 1)).argmax(-1, keepdim=True)
    return values.gather(-1, last).squeeze(-1)


def save(head: "nn.Linear", folder: Path) -> None:
    from safetensors.torch import save_file

    save_file(
        {"weight": head.weight.detach().cpu(), "bias": head.bias.detach().cpu()}, folder / FILE
    )


def load(folder: Path) -> "nn.Linear":
    """The head saved in the folder. OSError where it is not there."""
    from safetensors.torch import load_file

    stored = load_file(folder / FILE)
    head = scalar_head(stored["weight"].shape[1])
    head.load_state_dict(stored)
    return head
