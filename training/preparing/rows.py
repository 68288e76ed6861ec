"""The rows of all files that came, one after the other, with progress."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmkit.adding.errors import AddError
from llmkit.adding.request import Progress, Report
from training.preparing.request import Request, SourceFile
from training.tables import BadRow, RawRow, Table, open_table

REPORT_EVERY = 2000


@dataclass(frozen=True)
class Found:
    """A row with the file it is from. `number` counts over all files."""

    number: int
    row: RawRow | BadRow
    file: SourceFile


def opened(request: Request, file: SourceFile) -> Table:
    path = request.folder / file.path
    return open_table(path, file.name, request.options, request.limits)


def every_row(
    request: Request, files: list[SourceFile], phase: str, report: Report
) -> Iterator[Found]:
    """AddError where there are more than may be."""
    sizes = [(request.folder / file.path).stat().st_size for file in files]
    number = 0
    for place, file in enumerate(files):
        table = opened(request, file)
        for row in table.rows:
            number += 1
            if number > request.limits.rows:
                raise AddError(f"It has more than {request.limits.rows:,} rows. Split it.")
            if number % REPORT_EVERY == 1:
                report(Progress(phase, sum(sizes[:place]) + table.done(), sum(sizes)))
            yield Found(number, row, file)
    report(Progress(phase, sum(sizes), sum(sizes)))
