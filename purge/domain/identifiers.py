"""Identifiers of data subjects: typed, exact, and kept only as keyed fingerprints."""

import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance.kernel.refusals import FieldError, Invalid

UNREADABLE = 0
"""The fingerprint under which a record is indexed that could not be read: it may hold anyone."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
LONGEST_VALUE = 1024


class IdentifierType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    UUID = "uuid"


class IdentifierInvalid(Invalid):
    code = "identifier_invalid"
    sentence = "An identifier of the dataset is not usable: {why}."


class SubjectInvalid(Invalid):
    code = "subject_invalid"
    sentence = "The subjects are not usable: {why}."


@dataclass(frozen=True, slots=True)
class Identifier:
    """What identifies a person in a dataset: a name that requests use, and where its value lies."""

    name: str
    path: tuple[str, ...]
    type: IdentifierType


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """One identifier value of one subject, made canonical for its type. Prints no value."""

    name: str
    type: IdentifierType
    value: str

    def __repr__(self) -> str:
        return f"Wanted({self.name}, {self.type}, ***)"


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
    name, where = one.get("name"), one.get("path") or one.get("column")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _refused(pointer, "name", "a name has letters, digits, dot, dash and underscore")
    if not isinstance(where, str) or not where:
        raise _refused(pointer, "path", "say in which path or column the value lies")
    kind = one.get("type", IdentifierType.STRING)
    if kind not in set(IdentifierType):
        raise _refused(pointer, "type", "a type is string, integer or uuid")
    return Identifier(name=name, path=path_of(where), type=IdentifierType(kind))


def _refused(place: str, field: str, detail: str) -> IdentifierInvalid:
    pointer = f"{place}/{field}".rstrip("/")
    error = FieldError(pointer=pointer, code="invalid", detail=detail)
    return IdentifierInvalid(why=f"{pointer}: {detail}", errors=[error])


def canonical(value: object, *, wanted: IdentifierType) -> tuple[str, bool] | None:
    """The value as text, and whether it has the wanted type exactly. None holds no identifier.

    The number 7 under a string identifier, or the text "7" under an integer, is the same text but
    not exact: such a record is flagged for a person to look at, neither erased nor passed over.
    """
    if value is None or isinstance(value, bool):
        return None
    match wanted:
        case IdentifierType.STRING:
            return (value, True) if isinstance(value, str) else (_number(value), False)
        case IdentifierType.INTEGER:
            return _integer(value)
        case IdentifierType.UUID:
            return _uuid(value)


def _integer(value: object) -> tuple[str, bool] | None:
    if not isinstance(value, str):
        return _number(value), True
    text = value.strip()
    return (str(int(text)), False) if INTEGER.fullmatch(text) else None


def _number(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _uuid(value: object) -> tuple[str, bool] | None:
    if not isinstance(value, str):
        return None
    try:
        return str(uuid.UUID(value.strip())), True
    except ValueError:
        return None


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
                found = canonical(subject[identifier.name], wanted=identifier.type)
                if found is not None:
                    result.add(Wanted(identifier.name, identifier.type, found[0]))
    return frozenset(result)


def check_subjects(subjects: object, *, known_names: frozenset[str]) -> list[dict[str, str | int]]:
    """The subjects of a request, checked: a name that no dataset has would find nothing."""
    if not isinstance(subjects, Sequence) or isinstance(subjects, str) or not subjects:
        raise SubjectInvalid(why="name at least one subject")
    return [_subject(position, one, known_names) for position, one in enumerate(subjects)]


def _subject(position: int, one: object, known_names: frozenset[str]) -> dict[str, str | int]:
    pointer = f"/subjects/{position}"
    if not isinstance(one, Mapping) or not one:
        raise _subject_refused(pointer, "give at least one identifier")
    checked: dict[str, str | int] = {}
    for name, value in one.items():
        at = f"{pointer}/{name}"
        if name not in known_names:
            raise _subject_refused(pointer, "no dataset has an identifier of that name")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _subject_refused(at, "a value is text or a whole number")
        if isinstance(value, str) and not 0 < len(value.strip()) <= LONGEST_VALUE:
            raise _subject_refused(at, "a value is not empty, and not this long")
        checked[str(name)] = value
    return checked


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
