"""The rows that the runs of docs/results.md learn from, out of the public files.

    python -m scripts.results_data DATA_FOLDER OUT_FOLDER

Instruction tuning: dialogues of dialogsum with their summaries, the short ones, the development
file to learn from and the first of the test file held out. Nothing else is chosen.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ASKED = "Summarise this dialogue in one or two sentences."
LONGEST_DIALOGUE = 600  # characters, about 150 tokens
HELD_OUT = 80


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = [
        *of_file(options.data / "dialogsum/dialogsum.dev.jsonl", "train"),
        *list(of_file(options.data / "dialogsum/dialogsum.test.jsonl", "validation"))[:HELD_OUT],
    ]
    out = options.out / "dialogsum.jsonl"
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    sys.stdout.write(f"{out}: {len(rows)} rows\n")


def of_file(path: Path, split: str) -> Iterator[dict[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if len(row["dialogue"]) <= LONGEST_DIALOGUE:
            yield {
                "prompt": f"{ASKED}\n\n{row['dialogue']}",
                "completion": row.get("summary") or row["summary1"],
                "split": split,
            }


if __name__ == "__main__":
    main()
