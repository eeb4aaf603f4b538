"""What people write into a file's own metadata: it may name somebody, and no row is cut there."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from purge.domain.identifiers import Identifier, Wanted, canonical
from purge.domain.matching import Verdict
from purge.domain.spans import Span
from purge.ports import Candidate

# Written by libraries about columns and types; Arrow's is looked at as the schema it holds.
ABOUT_THE_SCHEMA = {b"ARROW:schema", b"PARQUET:field_id", b"org.apache.spark.version"}
PANDAS = b"pandas"
PANDAS_ABOUT_ITSELF = {
    "columns",
    "column_indexes",
    "creator",
    "index_columns",
    "pandas_version",
    "partition_columns",
}
WORD = re.compile(r"""[^\s,;:="'(){}\[\]<>]+""")

Metadata = Mapping[bytes, bytes]


def of_schema(schema: pa.Schema) -> Iterator[Metadata]:
    """The metadata of a schema and all its fields."""
    if schema.metadata:
        yield schema.metadata
    for field in schema:
        yield from _of_field(field)


def triples(
    metadata: Iterable[Metadata], *, identifiers: Sequence[Identifier]
) -> Sequence[Candidate]:
    """Everything in it that could be one of the identifiers: values, JSON in them, their words."""
    simple = [one for one in identifiers if one.path]
    texts = {text for one in metadata for text in _texts(one)} if simple else set()
    found = {
        (one.type, one.name, value[0])
        for one in simple
        for text in texts
        if (value := canonical(text, wanted=one.type)) is not None
    }
    return sorted(found)


class MetadataRecord:
    """Implements `purge.ports.Record`: a person has to look whether the metadata is about one."""

    size = 0

    def __init__(self, span: Span, metadata: Sequence[Metadata]) -> None:
        self.span = span
        self._metadata = metadata

    def judge(self, *, identifiers: Sequence[Identifier], wanted: Collection[Wanted]) -> Verdict:
        asked = {(one.type, one.name, one.value) for one in wanted}
        found = triples(self._metadata, identifiers=identifiers)
        return Verdict.OTHER if asked.isdisjoint(found) else Verdict.UNCLEAR

    def sample(self) -> str:
        texts = sorted({text for one in self._metadata for text in _texts(one)})
        return f"(the file's metadata) {' '.join(texts)}"[:4000]


def _of_field(field: pa.Field) -> Iterator[Metadata]:
    if field.metadata:
        yield field.metadata
    for position in range(field.type.num_fields):
        yield from _of_field(field.type.field(position))


def _texts(metadata: Metadata) -> Iterator[str]:
    for key, value in metadata.items():
        if key in ABOUT_THE_SCHEMA:
            continue
        text = value.decode("utf-8", "replace")
        parsed = _parsed(text)
        if key == PANDAS and isinstance(parsed, dict):
            parsed = {name: one for name, one in parsed.items() if name not in PANDAS_ABOUT_ITSELF}
            text = ""
        yield from _of_text(key.decode("utf-8", "replace"))
        yield from _of_text(text)
        yield from _scalars(parsed)


def _of_text(text: str) -> Iterator[str]:
    if text:
        yield text
        yield from WORD.findall(text)


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _scalars(one)
    elif value is not None and not isinstance(value, bool):
        yield from _of_text(str(value))
