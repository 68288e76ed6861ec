"""Our models as lm-evaluation-harness asks for them.

Tokens are cut and counted as by its own Hugging Face backend, so that the two give equal numbers.
"""

from collections.abc import Hashable, Sequence
from typing import Any

from lm_eval import utils
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM

from evaluation.run.answerers import Ask
from evaluation.run.asking import Asker
from llmkit.types import MAX_STOP_STRINGS, GenerationSettings

MOST_TOKENS = 256
NOT_OURS = {"until", "do_sample", "max_gen_toks", "temperature", "max_new_tokens"}


class EngineModel(TemplateLM):
    """`tokenizer` is read when the first text has to be cut into tokens."""

    def __init__(self, asker: Asker, name: str, settings: dict[str, Any], warn: Any) -> None:
        super().__init__()
        self.asker, self.name, self.wanted, self.warn = asker, name, settings, warn

    @property
    def tokenizer(self) -> Any:
        return self.asker.own.tokenizer

    @property
    def eot_token_id(self) -> int:
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        begin = self.tokenizer.bos_token_id
        return int(self.tokenizer.eos_token_id if begin is None else begin)

    @property
    def tokenizer_name(self) -> str:
        return self.name.replace("/", "__")

    @property
    def window(self) -> int:
        return self.asker.own.window

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, **_: Any
    ) -> list[int]:
        begin = self.tokenizer.decode(self.prefix_token_id)
        if add_special_tokens is None and begin and string.startswith(begin):
            add_special_tokens = False
        given = {} if add_special_tokens is None else {"add_special_tokens": add_special_tokens}
        return list(self.tokenizer.encode(string, **given))

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        rendered: str = self.tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return rendered

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        self._items = [item_of(each) for each in requests]
        return super().loglikelihood(requests, disable_tqdm=True)

    def _loglikelihood_tokens(
        self, requests: list[tuple[tuple[str, str], list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        pairs = [(context, continuation) for _, context, continuation in requests]
        return self._likely(pairs, self._items)

    def _likely(
        self, pairs: Sequence[tuple[list[int], list[int]]], items: Sequence[Hashable]
    ) -> list[tuple[float, bool]]:
        found = self.asker.likelihoods(pairs, items)
        return [(float(each["logprob"]), bool(each["greedy"])) for each in found]

    def loglikelihood_rolling(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[float]:
        """Whole texts, in windows that foretell each token exactly once."""
        windows = [self._windows(each.args[0]) for each in requests]
        items = [item_of(each) for each, own in zip(requests, windows, strict=True) for _ in own]
        found = iter(self._likely([window for own in windows for window in own], items))
        return [sum(next(found)[0] for _ in own) for own in windows]

    def _windows(self, text: str) -> list[tuple[list[int], list[int]]]:
        rolled = utils.get_rolling_token_windows(
            token_list=self.tok_encode(text),
            prefix_token=self.prefix_token_id,
            max_seq_len=self.window,
            context_len=1,
        )
        return [utils.make_disjoint_window(each) for each in rolled]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        asks = [self._ask(*each.args) for each in requests]
        found = self.asker.write(asks, [item_of(each) for each in requests])
        stops = [tuple(each.args[1].get("until") or ()) for each in requests]
        return [cut(str(a["text"]), stop) for a, stop in zip(found, stops, strict=True)]

    def _ask(self, context: str, wanted: dict[str, Any]) -> Ask:
        most = int(wanted.get("max_gen_toks") or wanted.get("max_new_tokens") or MOST_TOKENS)
        samples = bool(wanted.get("do_sample"))
        settings = {
            "temperature": float(wanted.get("temperature") or 1.0) if samples else 0.0,
            "max_tokens": most,
            "top_k": int(wanted.get("top_k") or 0),
            "top_p": float(wanted.get("top_p") or 1.0),
            "seed": 0,
            **self.wanted,
        }
        stop = tuple(each for each in stops_of(wanted) if 0 < len(each) <= 100)[:MAX_STOP_STRINGS]
        made = GenerationSettings.from_dict({**settings, "stop": stop}).validated()
        return Ask(made, prompt=self._fitting(context, made.max_tokens))

    def _fitting(self, context: str, most: int) -> str:
        """Cut on the left, as the harness does, where prompt and answer don't fit together."""
        if not self.asker.own.is_here or len(context) < self.window - most:
            return context
        tokens = self.tok_encode(context)
        room = self.window - most
        if len(tokens) <= room:
            return context
        self.warn(f"A prompt of {len(tokens):,} tokens lost its beginning to fit the model.")
        return str(self.tokenizer.decode(tokens[-room:]))


def stops_of(wanted: dict[str, Any]) -> list[str]:
    found = wanted.get("until") or []
    return [found] if isinstance(found, str) else list(found)


def cut(text: str, stops: Sequence[str]) -> str:
    """Without what follows a stop string; the engine ends there, but some servers keep it."""
    for stop in stops:
        if stop:
            text = text.split(stop)[0]
    return text


def item_of(each: Instance) -> Hashable:
    return (each.task_name, each.doc_id)
