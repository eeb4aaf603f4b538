"""Whose a whole object is, by its name, its folders, its tags, or a metadata file beside it.

What is found there becomes a record, which is judged like any other (`matching.py`). Names and tags
are text whatever they mean: a number counts as one when it is written as one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from urllib.parse import unquote

import re2

from purge.domain import matching
from purge.domain.canonical import IdentifierType, canonical
from purge.domain.identifiers import Identifier
from purge.domain.matching import Candidate, Pairs

METADATA_SUFFIX = ".metadata.json"
"""`visit.mp4` has its metadata in `visit.mp4.metadata.json`; that file is theirs as well."""

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class Locator(StrEnum):
    """How people are found in a dataset."""

    ROW = "row"
    FILE_NAME = "file_name"
    METADATA_FILE = "metadata_file"
    TAG = "tag"
    PARTITION = "partition"
    SCAN = "scan"


WHOLE_OBJECT = frozenset({Locator.FILE_NAME, Locator.METADATA_FILE, Locator.TAG, Locator.PARTITION})
"""Those by which an object is somebody's as a whole, and is erased as a whole."""


def problem(locator: Locator, *, identifiers: Sequence[Identifier]) -> str:
    """Why people could not be found so; empty where they can."""
    if locator is Locator.FILE_NAME:
        if not all(one.pattern for one in identifiers):
            return "by file name, each identifier needs a pattern"
    elif any(not one.paths for one in identifiers):
        return "a pattern is looked for in file names: choose file_name, or give a path or columns"
    return ""


def by_name(key: str, *, identifiers: Sequence[Identifier]) -> Iterator[Candidate]:
    """What each identifier's pattern finds in the object's name, wherever it matches (RE2)."""
    for identifier in identifiers:
        if identifier.pattern:
            for match in re2.finditer(identifier.pattern, key):
                if match.group(1) is not None:
                    yield from _candidate(match.group(1), identifier)


def by_partition(key: str, *, identifiers: Sequence[Identifier]) -> Iterator[Candidate]:
    """Folders such as `customer_id=42`, with Hive's escapes (`%3A`)."""
    folders = [folder.partition("=") for folder in key.split("/")[:-1]]
    pairs = [(unquote(name), unquote(value)) for name, sign, value in folders if sign]
    yield from _in_texts(
        [pair for pair in pairs if pair[1] != NULL_PARTITION], identifiers=identifiers
    )


def by_tags(tags: Mapping[str, str], *, identifiers: Sequence[Identifier]) -> Iterator[Candidate]:
    yield from _in_texts(tags.items(), identifiers=identifiers)


def is_metadata(key: str) -> bool:
    return key.endswith(METADATA_SUFFIX)


def metadata_of(key: str) -> str:
    """The metadata file that speaks for the object; a metadata file speaks for itself."""
    return key if is_metadata(key) else key + METADATA_SUFFIX


def object_of(metadata: str) -> str:
    return metadata.removesuffix(METADATA_SUFFIX)


def _in_texts(
    pairs: Iterable[tuple[str, str]], *, identifiers: Sequence[Identifier]
) -> Iterator[Candidate]:
    known = list(pairs)
    for identifier in identifiers:
        kinds = _kinds(identifier)
        record = Pairs((name, _typed(text, kinds.get(name))) for name, text in known)
        yield from matching.candidates(record, identifiers=[identifier])


def _kinds(identifier: Identifier) -> dict[str, IdentifierType]:
    if identifier.parts:
        return {part.path[0]: part.type for part in identifier.parts}
    return {path[0]: identifier.type for path in identifier.paths}


def _typed(text: str, kind: IdentifierType | None) -> str | int:
    return int(text) if kind is IdentifierType.INTEGER and _is_plain(text) else text


def _candidate(text: str, identifier: Identifier) -> Iterator[Candidate]:
    found = canonical(_typed(text, identifier.type), wanted=identifier.type)
    if found is not None:
        yield Candidate(identifier.name, identifier.type, *found)


def _is_plain(text: str) -> bool:
    """Written as a number is: 007 may be somebody else's, and is for a person to look at."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
