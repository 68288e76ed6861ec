"""Means, variances and whitening over the tokens that are real."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TINY = 1e-8


def mean(values: "Tensor", mask: "Tensor") -> "Tensor":
    """The mean over every real token of the batch; 0 where there is none."""
    return cleared(values, mask).sum() / mask.sum().clamp(min=1)


def variance(values: "Tensor", mask: "Tensor") -> "Tensor":
    """The population variance over every real token of the batch."""
    return mean((values - mean(values, mask)) ** 2, mask)


def whitened(values: "Tensor", mask: "Tensor", *, keep_mean: bool = False) -> "Tensor":
    """To variance 1, and to mean 0 unless the mean is kept; 0 outside the mask."""
    import torch

    centre = mean(values, mask)
    scaled = (values - centre) * torch.rsqrt(variance(values, mask) + TINY)
    return cleared(scaled + centre if keep_mean else scaled, mask)


def cleared(values: "Tensor", mask: "Tensor") -> "Tensor":
    """0 where the mask is False, even where the value is infinite or not a number."""
    return values.masked_fill(~mask.bool(), 0.0)
