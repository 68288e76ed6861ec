"""What is shown: whole characters, never a stop string, nothing lost."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmkit.engine.text import ByteDetokeniser, ByteTable, StopGuard, WindowDetokeniser
from llmkit.types import GenerationSettings
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.support import ask, run

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

TEXT = "naïve — 日本語 🙂👩‍👩‍👧 done"
ABC = st.text(alphabet="abc", max_size=30)


def test_bytes_of_a_character_are_held_until_it_is_whole(tiny: "LoadedModel") -> None:
    detokeniser = tiny.detokeniser()
    pieces = [detokeniser.push(token) for token in tiny.tokenizer(TEXT).input_ids]
    assert "".join(pieces) + detokeniser.flush() == TEXT
    assert all(piece == "" or piece in TEXT for piece in pieces)
    assert "\ufffd" not in "".join(pieces)


@given(data=st.binary(max_size=40))
def test_any_bytes_come_out_as_a_whole_decoding_would_show_them(data: bytes) -> None:
    detokeniser = ByteDetokeniser([bytes([i]) for i in range(256)])
    shown = "".join(detokeniser.push(byte) for byte in data) + detokeniser.flush()
    assert shown == data.decode(errors="replace")


def test_special_tokens_are_not_shown(tiny: "LoadedModel") -> None:
    table = ByteTable(tiny.tokenizer)
    assert [table[i] for i in tiny.tokenizer.all_special_ids] == [b"", b"", b""]


def test_a_sentencepiece_tokenizer_keeps_its_spaces_and_whole_characters() -> None:
    from tokenizers import Tokenizer, decoders, models

    pieces = ["<unk>", *[f"<0x{i:02X}>" for i in range(256)], "▁Hello", "▁world", "!", "▁"]
    core = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [], byte_fallback=True))
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    ids = [257, 258, 260, *[1 + b for b in "日🙂".encode()], 259, 258]
    detokeniser = WindowDetokeniser(core.decode)
    shown = [detokeniser.push(i) for i in ids]
    assert "".join(shown) + detokeniser.flush() == core.decode(ids) == "Hello world 日🙂! world"
    assert "\ufffd" not in "".join(shown)


@given(text=ABC, stops=st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3))
def test_a_stop_string_never_leaks_however_the_text_is_cut(text: str, stops: list[str]) -> None:
    guard = StopGuard(stops)
    shown = ""
    for char in text:
        piece, stopped = guard.push(char)
        shown += piece
        if stopped:
            break
    else:
        shown += guard.flush()
        assert shown == text
    assert text.startswith(shown)
    assert not any(stop in shown for stop in stops)


@given(text=ABC)
def test_without_stop_strings_nothing_is_held_back(text: str) -> None:
    guard = StopGuard([])
    assert "".join(guard.push(char)[0] for char in text) == text


@pytest.mark.parametrize("length", [1, 3, 7])
def test_an_answer_ends_before_a_stop_string_that_spans_tokens(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker, length: int
) -> None:
    """Every token of the tiny model is one byte, so a stop string always spans tokens."""
    scheduler = scheduler_of(tireless)
    settings = GenerationSettings(max_tokens=40, temperature=0, seed=0)
    free = ask(scheduler, "Stop me", settings)
    run(scheduler)
    stop = free.text()[10 : 10 + length]
    stopped = ask(scheduler, "Stop me", replace(settings, stop=(stop, "never said")))
    run(scheduler)
    assert stopped.text() == free.text()[: free.text().index(stop)]
    assert stopped.reasons() == ["stop"]


def test_a_beginning_of_a_stop_string_at_the_end_is_shown_after_all(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    settings = GenerationSettings(max_tokens=12, temperature=0, seed=0)
    free = ask(scheduler, "Stop me", settings)
    run(scheduler)
    asked = ask(scheduler, "Stop me", replace(settings, stop=(free.text()[-2:] + "\x00",)))
    run(scheduler)
    assert asked.text() == free.text()
    assert asked.reasons() == free.reasons()


def test_the_stream_of_a_model_that_writes_any_byte_equals_the_whole_decoding(
    bytes_model: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(bytes_model)
    settings = GenerationSettings(max_tokens=120, temperature=1.5, top_k=0, top_p=1, seed=3)
    asked = [ask(scheduler, "bytes", settings.with_seed(s)) for s in range(3)]
    run(scheduler)
    for answer in asked:
        whole = bytes_model.tokenizer.decode(answer.tokens(), skip_special_tokens=True)
        assert answer.text() == whole
