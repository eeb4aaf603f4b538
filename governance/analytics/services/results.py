"""Results: Arrow files under the results folder, read a page at a time, gone after their time."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa
from django.conf import settings

from governance.analytics.domain.queries import QueryState
from governance.analytics.domain.results import ResultMissing, ResultPage, csv_cell, plain
from governance.analytics.models import Query

SUFFIX = ".arrow"
CHUNK = 1 << 16


def path_of(*, namespace_id: UUID, query_id: UUID) -> Path:
    return Path(settings.ANALYTICS_RESULTS_DIR) / str(namespace_id) / f"{query_id}{SUFFIX}"


def expires_at(*, now: datetime) -> datetime:
    return now + timedelta(hours=settings.ANALYTICS_RESULT_HOURS)


def file_of(query: Query) -> Path:
    """The result's Arrow IPC file. Raises ResultMissing, saying why."""
    if query.state != QueryState.SUCCEEDED:
        raise ResultMissing(why=f"the query is {query.state}.")
    path = path_of(namespace_id=query.namespace_id, query_id=query.pk)
    if not path.exists():
        raise ResultMissing(why="results are kept for a while only. Run the query again.")
    return path


def page(*, query: Query, offset: int, limit: int) -> ResultPage:
    """`limit` rows from `offset` on; batches before it are skipped, not read."""
    rows: list[tuple[object, ...]] = []
    with _opened(file_of(query)) as reader:
        skipped = 0
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            start = max(offset - skipped, 0)
            skipped += batch.num_rows
            if start >= batch.num_rows:
                continue
            rows.extend(_rows(batch.slice(start, limit - len(rows))))
            if len(rows) >= limit:
                break
        columns = tuple((field.name, str(field.type)) for field in reader.schema)
    return ResultPage(columns=columns, rows=tuple(rows), offset=offset, total=query.rows_returned)


def csv_lines(*, query: Query) -> Iterator[str]:
    """The whole result as CSV, a batch at a time, safe to open in a spreadsheet."""
    path = file_of(query)

    def lines() -> Iterator[str]:
        with _opened(path) as reader:
            yield _csv([[csv_cell(name) for name in reader.schema.names]])
            for index in range(reader.num_record_batches):
                batch = reader.get_batch(index)
                columns = [column.to_pylist() for column in batch.columns]
                rows = zip(*columns, strict=True)
                yield _csv([[csv_cell(value) for value in row] for row in rows])

    return lines()


def arrow_chunks(*, query: Query) -> Iterator[bytes]:
    """The result's own file, as it is."""
    path = file_of(query)

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    return chunks()


def sweep(*, now: datetime) -> int:
    """Remove the files of this namespace whose time is over, and queries past their history."""
    expired = Query.objects.filter(result_expires_at__lte=now)
    for query in expired.only("pk", "namespace_id"):
        path_of(namespace_id=query.namespace_id, query_id=query.pk).unlink(missing_ok=True)
    count = expired.update(result_expires_at=None)
    oldest = now - timedelta(days=settings.ANALYTICS_HISTORY_DAYS)
    Query.objects.filter(finished_at__lt=oldest, result_expires_at__isnull=True).delete()
    return count


@contextmanager
def _opened(path: Path) -> Iterator[pa.RecordBatchFileReader]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        yield reader


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    columns = [column.to_pylist() for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield tuple(plain(value) for value in row)


def _csv(rows: list[list[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
