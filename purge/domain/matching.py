"""Whether a record is about a wanted person: yes, no, or not clear enough to decide by machine."""

import itertools
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from purge.domain.canonical import IdentifierType, canonical, composite
from purge.domain.identifiers import Identifier, Part, Wanted

MOST_COMBINATIONS = 256


class TooAmbiguousError(ValueError):
    """The record holds so many candidates for a composite that it cannot be judged."""


class Verdict(StrEnum):
    """`UNCLEAR` records are reported and left alone; an erasure that met one is not complete."""

    THEIRS = "theirs"
    UNCLEAR = "unclear"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value found where an identifier should be. Not `exact`: another type, spelling or shape."""

    name: str
    type: IdentifierType
    value: str
    exact: bool


Leaves = Callable[[tuple[str, ...], IdentifierType], Iterable[tuple[object, bool]]]
"""The values at a path, each with whether every step was exactly as the path says."""


class Pairs(list[tuple[str, object]]):
    """A JSON object with every member, also those whose key occurs twice."""


def candidates(record: object, *, identifiers: Sequence[Identifier]) -> Iterator[Candidate]:
    """Everything in the record that could be one of the identifiers. Raises TooAmbiguousError."""
    return candidates_among(lambda path, _: _leaves(record, path), identifiers=identifiers)


def candidates_among(leaves: Leaves, *, identifiers: Sequence[Identifier]) -> Iterator[Candidate]:
    """The same of a record whose format finds the values at a path by itself."""
    for identifier in identifiers:
        if identifier.parts:
            yield from _composites(leaves, identifier)
        elif identifier.path:
            for leaf, exact in leaves(identifier.path, identifier.type):
                found = canonical(leaf, wanted=identifier.type)
                if found is not None:
                    value, right_type = found
                    yield Candidate(identifier.name, identifier.type, value, exact and right_type)


def _composites(leaves: Leaves, identifier: Identifier) -> Iterator[Candidate]:
    """Every combination of what stands in the columns. A column that is not there is null."""
    alternatives = [_alternatives(leaves, part) for part in identifier.parts]
    if math.prod(map(len, alternatives)) > MOST_COMBINATIONS:
        raise TooAmbiguousError
    for combination in itertools.product(*alternatives):
        texts = [text for text, _ in combination]
        if any(text is not None for text in texts):
            exact = all(exact for _, exact in combination)
            yield Candidate(identifier.name, identifier.type, composite(texts), exact)


def _alternatives(leaves: Leaves, part: Part) -> list[tuple[str | None, bool]]:
    there = list(leaves(part.path, part.type))
    found: dict[str | None, bool] = {}
    for leaf, exact in there:
        text = canonical(leaf, wanted=part.type)
        if text is not None:
            found[text[0]] = found.get(text[0], False) or (exact and text[1])
        elif leaf is None:
            found[None] = found.get(None, False) or exact
    return list(found.items()) if there else [(None, True)]


def verdict(found: Iterable[Candidate], *, wanted: Collection[Wanted]) -> Verdict:
    result = Verdict.OTHER
    for candidate in found:
        if Wanted(candidate.name, candidate.type, candidate.value) in wanted:
            if candidate.exact:
                return Verdict.THEIRS
            result = Verdict.UNCLEAR
    return result


def could_hold(raw: bytes, *, wanted: Collection[Wanted]) -> bool:
    """Whether bytes that cannot be read as a record could hold a wanted value all the same.

    Generous on purpose: spelled with escapes, in UTF-16, in another case, or torn off at the end.
    """
    text = raw.decode("utf-8", "replace").replace("\0", "").strip().casefold()
    texts = (text, _unescaped(text))
    return any(
        all(_occurs(part.casefold(), texts) or _in_other_encoding(part, raw) for part in one.texts)
        for one in wanted
    )


def _occurs(value: str, texts: Sequence[str]) -> bool:
    return any(
        value in text or any(text.endswith(value[:length]) for length in range(1, len(value)))
        for text in texts
    )


def _in_other_encoding(value: str, raw: bytes) -> bool:
    """Whether the value's letters of ASCII stand there with anything for the others."""
    if value.isascii():
        return False
    pattern = b"".join(
        re.escape(character.encode()) if character.isascii() else b".{1,4}" for character in value
    )
    return re.search(pattern, raw.replace(b"\0", b""), re.IGNORECASE | re.DOTALL) is not None


def _unescaped(text: str) -> str:
    parts = text.split("\\u")
    result = [parts[0]]
    for part in parts[1:]:
        try:
            result.append(chr(int(part[:4], 16)) + part[4:])
        except ValueError:
            result.append(part)
    return "".join(result).replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\").casefold()


def _leaves(value: object, path: Sequence[str]) -> Iterator[tuple[object, bool]]:
    """The values at `path`, each with whether every step was exactly as the path says."""
    if not path:
        yield from _scalars(value)
    elif isinstance(value, Mapping | Pairs):
        for member, exact in _members(value, path[0]):
            for leaf, deeper in _leaves(member, path[1:]):
                yield leaf, exact and deeper
    else:
        yield from ((leaf, False) for leaf in _misshapen(value, path))


def _misshapen(value: object, path: Sequence[str]) -> Iterator[object]:
    """What could be meant where the path expects an object and something else stands."""
    if isinstance(value, list):
        for element in value:
            yield from (leaf for leaf, _ in _leaves(element, path))
    elif isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        yield from (leaf for leaf, _ in _leaves(_parsed(value), path))
    elif value is not None:
        yield value


def _members(value: Mapping[str, object] | Pairs, key: str) -> Iterator[tuple[object, bool]]:
    if isinstance(value, Mapping):
        if key in value:
            yield value[key], True
        return
    folded = key.casefold()
    for name, member in value:
        if name == key:
            yield member, True
        elif name.casefold() == folded:
            yield member, False


def _scalars(value: object) -> Iterator[tuple[object, bool]]:
    """A leaf, or everything inside what stands where a leaf should be."""
    if isinstance(value, Pairs):
        nested: Sequence[object] = [member for _, member in value]
    elif isinstance(value, Mapping):
        nested = list(value.values())
    elif isinstance(value, list):
        nested = value
    else:
        yield value, True
        return
    for member in nested:
        yield from ((leaf, False) for leaf, _ in _scalars(member))


def _parsed(text: str) -> object:
    """JSON inside a JSON string, as exporters nest it; the text itself if it is not."""
    try:
        parsed: object = json.loads(text, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return None
    return parsed
