"""Identifiers of data subjects: typed, exact, and kept only as keyed fingerprints."""

import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import re2

from governance.kernel.refusals import FieldError, Invalid
from purge.domain.canonical import SIMPLE_TYPES, IdentifierType, canonical, composite

__all__ = [
    "UNREADABLE",
    "Identifier",
    "IdentifierInvalid",
    "IdentifierType",
    "Part",
    "SubjectInvalid",
    "Wanted",
    "canonical",
    "check_subjects",
    "composite",
    "fingerprint",
    "identifiers_of",
    "path_of",
    "public_fingerprint",
    "texts_of",
    "wanted_in",
]

UNREADABLE = 0
"""The fingerprint under which a record is indexed that could not be read: it may hold anyone."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
LONGEST_VALUE = 1024
MOST_PARTS = 8


class IdentifierInvalid(Invalid):
    code = "identifier_invalid"
    sentence = "An identifier of the dataset is not usable: {why}."


class SubjectInvalid(Invalid):
    code = "subject_invalid"
    sentence = "The subjects are not usable: {why}."


@dataclass(frozen=True, slots=True)
class Part:
    """One column of a composite identifier, under the name that requests use."""

    name: str
    path: tuple[str, ...]
    type: IdentifierType


@dataclass(frozen=True, slots=True)
class Identifier:
    """What identifies a person in a dataset: a name that requests use, and where its value lies.

    Its value is at `path` in a record; in all `parts` of a record together, which makes it
    composite and leaves `path` empty; or what `pattern` finds in an object's name.
    """

    name: str
    path: tuple[str, ...]
    type: IdentifierType
    parts: tuple[Part, ...] = ()
    pattern: str = ""

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """Every place in a record that it needs."""
        if self.parts:
            return tuple(part.path for part in self.parts)
        return (self.path,) if self.path else ()


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """One identifier value of one subject, made canonical for its type. Prints no value."""

    name: str
    type: IdentifierType
    value: str

    def __repr__(self) -> str:
        return f"Wanted({self.name}, {self.type}, ***)"

    @property
    def texts(self) -> tuple[str, ...]:
        """The value; of a composite, the values of its columns that are not null."""
        if self.type is not IdentifierType.COMPOSITE:
            return (self.value,)
        return tuple(part for part in json.loads(self.value) if part is not None)


def path_of(text: str) -> tuple[str, ...]:
    """`customer.id`, or a JSON pointer (RFC 6901) such as `/customer/id` for keys with dots."""
    if text.startswith("/"):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]
    else:
        parts = text.removeprefix("$.").split(".")
    if not all(parts):
        raise IdentifierInvalid(why=f"the path {text!r} has an empty part")
    return tuple(parts)


def identifiers_of(described: object) -> tuple[Identifier, ...]:
    """The `identifiers` of a dataset, as stored or sent. Raises IdentifierInvalid."""
    if not isinstance(described, Sequence) or isinstance(described, str) or not described:
        raise IdentifierInvalid(why="give at least one, as a list")
    return tuple(_identifier(position=position, one=one) for position, one in enumerate(described))


def _identifier(*, position: int, one: object) -> Identifier:
    pointer = f"/identifiers/{position}"
    if not isinstance(one, Mapping):
        raise _refused(pointer, "", "this is not an object")
    name = one.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _refused(pointer, "name", "a name has letters, digits, dot, dash and underscore")
    if one.get("columns") is not None:
        parts = _parts(one["columns"], pointer)
        return Identifier(name=name, path=(), type=IdentifierType.COMPOSITE, parts=parts)
    pattern = one.get("pattern") or ""
    if not isinstance(pattern, str) or (pattern and _groups_of(pattern) != 1):
        raise _refused(pointer, "pattern", "a pattern is a regular expression with one group")
    where = one.get("path") or one.get("column") or ""
    if not isinstance(where, str) or not (where or pattern):
        raise _refused(pointer, "path", "say in which path or column the value lies")
    return Identifier(
        name=name,
        path=path_of(where) if where else (),
        type=_type(one, pointer),
        pattern=pattern,
    )


def _type(one: Mapping[str, object], pointer: str) -> IdentifierType:
    kind = one.get("type", IdentifierType.STRING)
    if not isinstance(kind, str) or kind not in SIMPLE_TYPES:
        raise _refused(pointer, "type", "a type is string, integer or uuid")
    return IdentifierType(str(kind))


def _parts(described: object, pointer: str) -> tuple[Part, ...]:
    pointer = f"{pointer}/columns"
    if not isinstance(described, Sequence) or isinstance(described, str):
        raise _refused(pointer, "", "columns are a list")
    parts = tuple(_part(one, f"{pointer}/{number}") for number, one in enumerate(described))
    if not 1 < len(parts) <= MOST_PARTS or len({part.name for part in parts}) < len(parts):
        raise _refused(pointer, "", f"a composite has 2 to {MOST_PARTS} different columns")
    return parts


def _part(one: object, pointer: str) -> Part:
    """A column's name, or an object of column (or path) and type."""
    described = one if isinstance(one, Mapping) else {"column": one}
    where = described.get("column") or described.get("path")
    if not isinstance(where, str) or not where:
        raise _refused(pointer, "", "say which column")
    return Part(name=where, path=path_of(where), type=_type(described, pointer))


def _groups_of(pattern: str) -> int:
    try:
        return int(re2.compile(pattern).groups)
    except re2.error:
        return 0


def _refused(place: str, field: str, detail: str) -> IdentifierInvalid:
    pointer = f"{place}/{field}".rstrip("/")
    error = FieldError(pointer=pointer, code="invalid", detail=detail)
    return IdentifierInvalid(why=f"{pointer}: {detail}", errors=[error])


def _composed(value: object, *, parts: Sequence[Part]) -> str | None:
    """What a request gives for a composite: its columns' values by name, or in order."""
    if isinstance(value, Mapping):
        if set(value) != {part.name for part in parts}:
            return None
        value = [value[part.name] for part in parts]
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != len(parts):
        return None
    texts: list[str | None] = []
    for part, one in zip(parts, value, strict=True):
        found = canonical(one, wanted=part.type)
        if found is None and one is not None:
            return None
        texts.append(found[0] if found else None)
    return composite(texts) if any(text is not None for text in texts) else None


def wanted_in(
    subjects: Sequence[Mapping[str, object]], *, identifiers: Sequence[Identifier]
) -> frozenset[Wanted]:
    """What to look for in a dataset: each value of each subject that the dataset knows by name.

    A record belongs to a person when any one of the person's identifiers matches: a record that
    carries the customer number but no email address is theirs all the same.
    """
    result = set()
    for subject in subjects:
        for identifier in identifiers:
            if identifier.name in subject:
                text = _asked(subject[identifier.name], identifier)
                if text is not None:
                    result.add(Wanted(identifier.name, identifier.type, text))
    return frozenset(result)


def _asked(value: object, identifier: Identifier) -> str | None:
    if identifier.parts:
        return _composed(value, parts=identifier.parts)
    found = canonical(value, wanted=identifier.type)
    return None if found is None else found[0]


def texts_of(value: object) -> Iterator[str]:
    """Every text in what a request gives for an identifier."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from texts_of(part)
    elif value is not None:
        yield str(value).strip()


def check_subjects(subjects: object, *, known_names: frozenset[str]) -> list[dict[str, object]]:
    """The subjects of a request, checked: a name that no dataset has would find nothing."""
    if not isinstance(subjects, Sequence) or isinstance(subjects, str) or not subjects:
        raise SubjectInvalid(why="name at least one subject")
    return [_subject(position, one, known_names) for position, one in enumerate(subjects)]


def _subject(position: int, one: object, known_names: frozenset[str]) -> dict[str, object]:
    pointer = f"/subjects/{position}"
    if not isinstance(one, Mapping) or not one:
        raise _subject_refused(pointer, "give at least one identifier")
    for name, value in one.items():
        if name not in known_names:
            raise _subject_refused(pointer, "no dataset has an identifier of that name")
        at = f"{pointer}/{name}"
        if isinstance(value, Mapping | list):
            _check_composite(value, at)
        else:
            _check_value(value, at)
    return {str(name): value for name, value in one.items()}


def _check_composite(value: Mapping[str, object] | list[object], at: str) -> None:
    """Null asks for records in which the column is null; nothing but nulls names nobody."""
    values = list(value.values()) if isinstance(value, Mapping) else value
    if not 1 < len(values) <= MOST_PARTS or all(one is None for one in values):
        raise _subject_refused(at, "give a value for each column of the composite, or null")
    for one in values:
        if one is not None:
            _check_value(one, at)


def _check_value(value: object, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _subject_refused(at, "a value is text or a whole number")
    if isinstance(value, str) and not 0 < len(value.strip()) <= LONGEST_VALUE:
        raise _subject_refused(at, "a value is not empty, and not this long")


def _subject_refused(pointer: str, detail: str) -> SubjectInvalid:
    # The value itself never enters a message: messages are logged and mailed.
    error = FieldError(pointer=pointer, code="invalid", detail=detail)
    return SubjectInvalid(why=f"{pointer}: {detail}", errors=[error])


def fingerprint(*, key: bytes, name: str, kind: IdentifierType, value: str) -> int:
    """Eight bytes of a keyed hash, as PostgreSQL's signed bigint, for the index.

    Look-ups confirm the identifier in the object, so that two values may share a fingerprint
    harmlessly. A plain hash would not do: customer numbers can be tried out in seconds.
    """
    digest = _digest(key=key, name=name, kind=kind, value=value)
    return int.from_bytes(digest[:8], "big", signed=True) or 1


def public_fingerprint(*, key: bytes, wanted: Wanted) -> str:
    """Sixteen bytes for reports, certificates, mails and the audit trail."""
    digest = _digest(key=key, name=wanted.name, kind=wanted.type, value=wanted.value)
    return digest[16:32].hex()


def _digest(*, key: bytes, name: str, kind: IdentifierType, value: str) -> bytes:
    message = f"{kind}\0{name}\0{value}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256")
