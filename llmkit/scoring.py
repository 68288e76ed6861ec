"""Reward models: a backbone whose last hidden state becomes one number for a whole answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit import heads
from llmkit.tuning.opening import Opened, open_base, with_adapter
from llmkit.tuning.reading import decoder_of, has_soft_prompt, states
from llmkit.tuning.sequences import answer_tokens, prompt_tokens

if TYPE_CHECKING:
    from torch import Tensor, nn

    from llmkit.tuning.preference import Group

FACTS = "reward.json"


@dataclass(frozen=True)
class Normalisation:
    """Scores have mean 0 and variance 1 on the answers that these were measured on."""

    mean: float = 0.0
    std: float = 1.0

    def __call__(self, score: Any) -> Any:
        return (score - self.mean) / self.std


def padded(sequences: Sequence[Sequence[int]], pad: int, device: Any) -> "tuple[Tensor, Tensor]":
    """(tokens, mask) of [sequences, longest], filled on the right."""
    import torch

    longest = max(map(len, sequences))
    rows = [[*sequence, *[pad] * (longest - len(sequence))] for sequence in sequences]
    masks = [[1] * len(sequence) + [0] * (longest - len(sequence)) for sequence in sequences]
    return torch.tensor(rows, device=device), torch.tensor(masks, device=device)


def raw_scores(model: Any, head: "nn.Linear", tokens: "Tensor", mask: "Tensor") -> "Tensor":
    """[batch], from the hidden state at each row's last real token."""
    hidden = states(model, tokens, mask)
    return heads.at_last_token(heads.applied(head, hidden), mask)


def group_scores(model: Any, head: "nn.Linear", groups: "Sequence[Group]", pad: int) -> "Tensor":
    """[answers of all groups] in their order; each prompt is read once where the model allows."""
    from llmkit.tuning.packing import packed, packs

    decoder = decoder_of(model)
    device = head.weight.device
    if has_soft_prompt(model) or not packs(decoder):
        sequences = [sequence for group in groups for sequence in group.sequences]
        return raw_scores(model, head, *padded(sequences, pad, device))
    row = packed(groups, pad, device, decoder.dtype)
    hidden = decoder(
        input_ids=row.tokens, attention_mask=row.mask, position_ids=row.positions, use_cache=False
    ).last_hidden_state
    return heads.applied(head, hidden[row.ends])


class Scorer:
    """A reward model as it is used: in the chat, from the shell, in PPO."""

    def __init__(
        self, opened: Opened, model: Any, head: "nn.Linear", normalisation: Normalisation
    ) -> None:
        self.opened, self.model, self.normalisation = opened, model.eval(), normalisation
        self.head = head.to(opened.model.device).eval()

    def score(
        self, answers: Sequence[tuple[Sequence[Mapping[str, str]], str]], *, batch: int = 8
    ) -> list[float]:
        """Normalised scores of (messages, answer), in their order. A long one loses its beginning
        of the prompt."""
        encoded = [self._encoded(messages, text) for messages, text in answers]
        found: list[float] = []
        for part in parts(encoded, batch):
            found += self.of_tokens(part).tolist()
        return found

    def of_tokens(self, sequences: Sequence[Sequence[int]]) -> "Tensor":
        """[sequences] of whole sequences that end with the end token, as in training."""
        import torch

        device = self.opened.model.device
        with torch.no_grad():
            tokens, mask = padded(sequences, self.opened.pad, device)
            return self.normalisation(raw_scores(self.model, self.head, tokens, mask))

    def _encoded(self, messages: Sequence[Mapping[str, str]], text: str) -> list[int]:
        asked = prompt_tokens(self.opened.prompts, messages)
        answer = answer_tokens(self.opened.prompts, text, self.opened.eos)
        return [*asked, *answer][-self.opened.window :]


def parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def open_scorer(base: Path, folder: Path, *, opened: Opened | None = None) -> Scorer:
    """The reward model in `folder` over the model in `base`; `opened` shares its weights."""
    from llmkit.engine.twins import twin

    opened = opened or open_base(base)
    own = twin(opened.model, own_config=True)
    model = with_adapter(own, folder) if (folder / "adapter_config.json").is_file() else own
    facts = json.loads((folder / FACTS).read_text())
    return Scorer(opened, model, heads.load(folder), Normalisation(facts["mean"], facts["std"]))


def save_facts(folder: Path, normalisation: Normalisation, **facts: Any) -> None:
    stored = {"mean": normalisation.mean, "std": normalisation.std, **facts}
    (folder / FACTS).write_text(json.dumps(stored, indent=2))
