"""A KV cache whose rows have lengths of their own, so that joining a batch costs nothing.

One buffer per layer of shape [slots, heads, length, head_dim]. The running rows are always rows
0..B-1. A decode step writes row r at its own length and reads a view up to the longest row; the
prompt of one row is written through a view of the same buffers. Nothing is padded on the left and
nothing is concatenated: a row leaves by having the last row moved into its place.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

LENGTH_STEP = 256


def round_up(length: int, step: int = LENGTH_STEP) -> int:
    return -(-length // step) * step


class Window:
    """Which part of the buffers the next forward pass writes and reads; shared by all layers."""

    def __init__(self) -> None:
        self.first_row = 0
        self.rows = 0
        self.seen = 0
        self.read = 0
        self.slots = 1
        self.length = LENGTH_STEP
        self.write_at: torch.Tensor | None = None
        self._places: dict[int, torch.Tensor] = {}

    def prefill(self, row: int, start: int, count: int) -> None:
        """Write `count` prompt tokens of one row from position `start`."""
        self.first_row, self.rows = row, 1
        self.seen, self.read = start, start + count
        self.write_at = None

    def decode(self, lengths: torch.Tensor, longest: int, *, even: bool) -> None:
        """Write one token in each row 0..B-1 at that row's length; `even`: all are `longest`."""
        self.first_row, self.rows = 0, len(lengths)
        self.seen, self.read = longest, longest + 1
        self.write_at = None if even else lengths
        self._places.clear()

    def places(self, heads: int) -> torch.Tensor:
        """Where each row and head writes, counted in vectors from the start of a buffer."""
        if heads not in self._places and self.write_at is not None:
            first = torch.arange(self.rows * heads, device=self.write_at.device) * self.length
            self._places[heads] = first + self.write_at.repeat_interleave(heads)
        return self._places[heads]


class SlotLayer(CacheLayerMixin):
    """One layer's keys and values, written where the shared window says."""

    is_sliding = False

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window
        self.keys: torch.Tensor | None = None
        self.values: torch.Tensor | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.keys = self._allocate(key_states)
        self.values = self._allocate(value_states)
        self.is_initialized = True

    def _allocate(self, like: torch.Tensor) -> torch.Tensor:
        return like.new_zeros(self.window.slots, like.shape[1], self.window.length, like.shape[3])

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if self.keys is None or self.values is None:
            self.keys, self.values = self._allocate(key_states), self._allocate(value_states)
            self.is_initialized = True
        return self._write(self.keys, key_states), self._write(self.values, value_states)

    def _write(self, buffer: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        window = self.window
        last_row = window.first_row + window.rows
        if window.write_at is None:
            buffer[window.first_row : last_row, :, window.seen : window.read] = states
        else:
            slots = buffer.view(-1, buffer.shape[-1])
            flat = states.reshape(-1, states.shape[-1])
            slots.index_copy_(0, window.places(buffer.shape[1]), flat)
        return buffer[window.first_row : last_row, :, : window.read]

    def resize(self, slots: int, length: int) -> None:
        """Move the contents into buffers of another size; what does not fit is dropped."""
        if self.keys is not None and self.values is not None:
            self.keys = resized(self.keys, slots, length)
            self.values = resized(self.values, slots, length)

    def copy_row(self, source: int, target: int, length: int) -> None:
        if self.keys is not None and self.values is not None:
            self.keys[target, :, :length] = self.keys[source, :, :length]
            self.values[target, :, :length] = self.values[source, :, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.window.read, 0

    def get_seq_length(self) -> int:
        return self.window.seen

    def get_max_length(self) -> int:
        return -1


def resized(buffer: torch.Tensor, slots: int, length: int) -> torch.Tensor:
    _, heads, _, head_dim = buffer.shape
    target = buffer.new_zeros(slots, heads, length, head_dim)
    rows, tokens = min(slots, buffer.shape[0]), min(length, buffer.shape[2])
    target[:rows, :, :tokens] = buffer[:rows, :, :tokens]
    return target


class SlotCache(Cache):
    """The buffers of all layers, growing and shrinking together."""

    def __init__(self, layers: int) -> None:
        self.window = Window()
        super().__init__(layers=[SlotLayer(self.window) for _ in range(layers)])

    def reserve(self, slots: int, length: int) -> None:
        """Make room for `slots` rows of `length` tokens: rows double, lengths grow by steps."""
        window = self.window
        if slots > window.slots or length > window.length:
            doubled = max(window.slots, 1 << (slots - 1).bit_length())
            self._resize(doubled, max(window.length, round_up(length)))

    def _resize(self, slots: int, length: int) -> None:
        self.window.slots, self.window.length = slots, length
        for layer in self.layers:
            layer.resize(slots, length)

    def release(self) -> None:
        """Give the memory back; called when nothing runs."""
        self.window.slots, self.window.length = 1, LENGTH_STEP
        for layer in self.layers:
            layer.keys = layer.values = None
            layer.is_initialized = False

    def copy_row(self, source: int, target: int, length: int) -> None:
        for layer in self.layers:
            layer.copy_row(source, target, length)
