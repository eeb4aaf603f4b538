"""What to look for in columns, so that no row that could be somebody's is left out."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from purge.domain.identifiers import Identifier, IdentifierType, Wanted


@dataclass(frozen=True, slots=True)
class Lookup:
    """Values of one type at one path. A row without any of them is nobody's who is asked for."""

    path: tuple[str, ...]
    type: IdentifierType
    values: tuple[str, ...]


def lookups(identifiers: Sequence[Identifier], *, wanted: Collection[Wanted]) -> Iterator[Lookup]:
    """One for each identifier; of a composite, one for each column that can lead to somebody.

    A composite is led by its first column that is not null: rows of other people are found too,
    and judging tells them apart.
    """
    for identifier in identifiers:
        values = sorted(one.value for one in wanted if one.name == identifier.name)
        if identifier.parts:
            yield from _of_composite(identifier, values)
        elif identifier.path and values:
            yield Lookup(identifier.path, identifier.type, tuple(values))


def _of_composite(identifier: Identifier, values: Sequence[str]) -> Iterator[Lookup]:
    led: dict[int, set[str]] = {}
    for value in values:
        texts = json.loads(value)
        position = next(at for at, text in enumerate(texts) if text is not None)
        led.setdefault(position, set()).add(texts[position])
    for position, texts in sorted(led.items()):
        part = identifier.parts[position]
        yield Lookup(part.path, part.type, tuple(sorted(texts)))
