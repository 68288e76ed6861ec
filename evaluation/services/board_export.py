"""The leaderboard as records, one for each number, for a program or a spreadsheet."""

import json
from collections.abc import Iterator
from typing import Any

from evaluation.services.board import Board, Cell, Column, Row, fill_win_rates
from evaluation.services.board_ranks import rank_missing
from llmkit.spreadsheets import written


def with_ranks(board: Board, *, seconds: float = 60.0) -> Board:
    """Computes what is missing."""
    found = rank_missing(board.unfiltered, board.columns, board.unranked, seconds=seconds)
    for row in board.unfiltered:
        for key, cell in row.cells.items():
            if cell.score.pk in found:
                row.cells[key] = Cell(cell.score, found[cell.score.pk])
    fill_win_rates(board.rows, board.columns)
    return board


def records(board: Board) -> Iterator[dict[str, Any]]:
    for row in board.rows:
        for column in board.columns:
            if column.key in row.cells:
                yield record(row, column, row.cells[column.key])


def record(row: Row, column: Column, cell: Cell) -> dict[str, Any]:
    score, run = cell.score, cell.score.run
    return {
        "model": row.name,
        "base": row.base,
        "parent": run.model.parent.name if run.model and run.model.parent else "",
        "method": row.method,
        "benchmark": run.matter,
        "task": score.task,
        "task_version": score.task_version,
        "measure": score.measure,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "rank": cell.rank,
        "mean_win_rate": row.win_rate,
        "unit": score.unit,
        "higher_is_better": column.direction,
        "signature": score.signature,
        "interval_method": score.method,
        "shots": run.shots,
        "template": str(run.prompt.get("name", "")) if run.prompt else "",
        "chat_template": run.chat_template,
        "limit": run.limit,
        "contaminated": score.contaminated,
        "date": run.ended_at.isoformat() if run.ended_at else None,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.completion_tokens,
        "seconds": run.seconds,
        "peak_memory": run.peak_memory,
        "size_bytes": row.size,
        "parameters": row.parameters,
        "run": str(run.pk),
    }


def as_json(board: Board) -> str:
    return json.dumps({"scores": list(records(board))}, ensure_ascii=False, indent=1)


def as_csv(board: Board) -> str:
    return written(list(records(board)), ["model", "task", "measure", "value"])
