"""What people, scripts and broken programs send. Everything follows from a number, so that what
fails fails again.

`PROPERTIES=many` tries a hundred times as much, and something else each time.
"""

import json
import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import HealthCheck, Phase, settings

Body = list[tuple[str, bytes]]
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
# A number says nothing more when it is smaller, so nothing is shrunk.
PHASES = [Phase.explicit, Phase.generate]
MANY = os.environ.get("PROPERTIES") == "many"


def examples(usual: int) -> settings:
    return settings(
        max_examples=100 * usual if MANY else usual,
        derandomize=not MANY,
        database=None,
        deadline=None,
        phases=PHASES,
        suppress_health_check=CHECKS,
    )


TEXTS: Sequence[bytes] = [
    b"",
    b" \t\r\n",
    b"\x00",
    b"fox\x00hen",
    b"\x01\x07\x1b[31m\x7f",
    b"\xff\xfe\xfa",
    b"\xed\xa0\x80",
    b"A" * 70_000,
    "é🦊\u202e\u200b\ufeff\u2028".encode(),
    ("Z" + "\u0301" * 400).encode(),
    b"<script>alert(1)</script>{{ 7|add:1 }}{x}%s%n${x}",
    b"'; DROP TABLE accounts_user; --",
    b"../../../../etc/passwd",
    b"=HYPERLINK(1)",
    b"null",
    b"[" * 3000,
    b'{"a": ' * 600,
]
NUMBERS: Sequence[bytes] = [
    b"0",
    b"1",
    b"2",
    b"7",
    b"-1",
    b"1.5",
    b"1e309",
    b"NaN",
    b"-inf",
    b"9223372036854775808",
    b"9" * 30,
    b"9" * 5000,
    "²".encode(),
    "٣".encode(),
    b"0x10",
    b"1_000",
    b"00000000-0000-4000-8000-000000000000",
]
JSON: Sequence[Any] = [
    None,
    True,
    -1,
    2**70,
    1.5,
    "",
    "fox\x00hen",
    "\ud800",
    "é🦊" * 20_000,
    [],
    {},
    [[]],
    [[0], [1]],
    [0, 0, 0],
    {"": None},
    {"text": "x", "parent": 999_999},
    ["a", 1, None, {"b": []}],
]


def text(random: Random, known: Sequence[str]) -> bytes:
    """A field's value; now and then one that belongs there."""
    if random.random() < 0.35 and known:
        return random.choice(known).encode()
    return random.choice(random.choice((TEXTS, NUMBERS)))


Pairs = Sequence[tuple[str, str]]


def form(random: Random, names: Sequence[str], known: Sequence[str], whole: Pairs = ()) -> Body:
    """Some of the fields, some of them twice; or a whole form, with one to three accidents."""
    if whole and random.random() < 0.75:
        return accidents(random, [(name, value.encode()) for name, value in whole], known)
    chosen = random.choices(names, k=random.randint(0, min(9, len(names)))) if names else []
    return [(name, text(random, known)) for name in chosen]


def accidents(random: Random, pairs: Body, known: Sequence[str]) -> Body:
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(pairs))
        name, _value = pairs[at]
        pairs[at : at + 1] = random.choice(
            ([(name, text(random, known))], [(name, text(random, known))], [], [pairs[at]] * 2)
        )
        if not pairs:
            break
    return pairs


def encoded(pairs: Body) -> str:
    return "&".join(f"{quote(name)}={quote_from_bytes(value)}" for name, value in pairs)


def json_body(random: Random, names: Sequence[str], known: Sequence[str]) -> str:
    """An object, mostly; ASCII, so that half a character can be in it."""
    if random.random() < 0.2:
        return str(random.choice(["", "[", "[]", "7", "null", '"x"', "[" * 3000, "NaN"]))
    chosen = random.choices(names, k=random.randint(0, min(9, len(names)))) if names else []
    return json.dumps({name: value(random, known) for name in chosen})


def value(random: Random, known: Sequence[str]) -> Any:
    if random.random() < 0.3 and known:
        return random.choice(known)
    return random.choice(JSON)


Change = Callable[[Random, bytes], bytes]


def cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def flip(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(random.choice((TEXTS, NUMBERS))) + data[at:]


def double(random: Random, data: bytes) -> bytes:
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[start:end] + data[end:]


def drop(random: Random, data: bytes) -> bytes:
    start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[min(end, start + 40) :]


def swap(random: Random, data: bytes) -> bytes:
    """A JSON value for another one, in the first line that is JSON."""
    try:
        found = json.loads(data.splitlines()[0])
    except (ValueError, IndexError, RecursionError):
        return flip(random, data)
    return json.dumps(swapped(random, found)).encode()


def swapped(random: Random, found: Any) -> Any:
    if isinstance(found, dict) and found and random.random() < 0.8:
        name = random.choice(list(found))
        return {**found, name: swapped(random, found[name])}
    if isinstance(found, list) and found and random.random() < 0.8:
        at = random.randrange(len(found))
        return [swapped(random, one) if n == at else one for n, one in enumerate(found)]
    return random.choice(JSON)


CHANGES: Sequence[Change] = (cut, flip, insert, double, drop, swap, swap)


def spoiled(random: Random, data: bytes) -> bytes:
    """A valid file after one to three accidents."""
    for _ in range(random.randint(1, 3)):
        data = random.choice(CHANGES)(random, data) if data else b""
    return data


FILES: Sequence[bytes] = [
    b"a,b\n1,x\n",
    b'{"prompt": "Hi", "reference": "x", "good": "x"}\n',
    b'{"title": "Foxes", "messages": [{"role": "user", "content": "Hi"}]}',
    b"name: Ask\nfields:\n- name: q\n  label: Q\ninput_format: 'Q: {q}'\n",
    b"%PDF-1.4\n",
    b"PAR1\x00\x00PAR1",
]
