"""What single tokens are called: their bytes, and a text for people even where bytes are none."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmkit.engine.text import ByteTable

BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class TokenNames:
    """Names for the tokens of one model. Reads the tokenizer only, so any thread may ask."""

    def __init__(self, tokenizer: Any, byte_table: "ByteTable | None") -> None:
        self._tokenizer = tokenizer
        self._byte_table = byte_table
        self._special = frozenset(tokenizer.all_special_ids)

    def is_special(self, token: int) -> bool:
        """Whether it is a control token, which no text contains."""
        return token in self._special

    def bytes(self, token: int) -> bytes:
        """The bytes it adds to a text; none for control tokens and unused ids."""
        if token in self._special:
            return b""
        if self._byte_table is not None:
            return self._byte_table[token]
        piece = self._tokenizer.convert_ids_to_tokens(token) or ""
        found = BYTE_TOKEN.fullmatch(piece)
        return bytes([int(found[1], 16)]) if found else piece.replace("\u2581", " ").encode()

    def text(self, token: int) -> str:
        r"""Its own text; a control token's name; `\xf0\x9f` for a part of a character."""
        own = self.bytes(token)
        if not own:
            return self._tokenizer.convert_ids_to_tokens(token) or f"[{token}]"
        try:
            return own.decode()
        except UnicodeDecodeError:
            return "".join(f"\\x{byte:02x}" for byte in own)
