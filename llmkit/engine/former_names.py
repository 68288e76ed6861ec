"""Names that models had before they were renamed: they go on leading to them.

`former-names.json` beside the models folder maps old public ids to those of now; whoever renames a
model writes it. Clients that keep an old id notice nothing.
"""

import json
from pathlib import Path

FILE = "former-names.json"


class FormerNames:
    """The file's content, read anew when it has changed. A damaged one names nothing."""

    def __init__(self, models_dir: Path) -> None:
        self._path = models_dir.parent / FILE
        self._stamp: tuple[int, int] | None = None
        self._names: dict[str, str] = {}

    def current(self, name: str) -> str:
        """What the model of this name is called now."""
        self._refresh()
        return self._names.get(name, name)

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp == self._stamp:
                return
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._stamp, self._names = None, {}
            return
        named = found.items() if isinstance(found, dict) else ()
        self._names = {str(old): str(new) for old, new in named}
        self._stamp = stamp
