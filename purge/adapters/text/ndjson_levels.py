"""Reading many lines of ndjson at once, level by level of their objects.

The decoder skips what is not asked for, keeps one of several equal keys and knows a key in one
spelling. So how often each key stands in the text, in any case, is held against how often it was
read, there or inside a member that was kept as it is. Only where the two agree can no line hold a
key twice or spelled otherwise.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from purge.adapters.text.ascii_case import lowered
from purge.adapters.text.columns import DoubtfulError, Path, Texts, text
from purge.domain.canonical import IdentifierType

STRING, INTEGER = IdentifierType.STRING, IdentifierType.INTEGER
NOTHING = object()
NULL = msgspec.Raw(b"null")
SCALARS = frozenset({str, int, float, bool, type(None), object})
"""Types of values that hold no others. `object` is the type of NOTHING."""
LEARNT_FROM = 8
MOST_OTHERS = 16
NAMELESS = re.compile(r'["\\\x00-\x1f]')
"""What a key must not have for the decoder to be asked for it."""

JSONText = bytes | msgspec.Raw


class Level:
    """The keys that are looked for in an object, and in those below it.

    `_others` are members met so far that hold such keys deeper, where they do not count.
    """

    def __init__(self, leaves: Mapping[Path, IdentifierType]) -> None:
        """The paths of values. None may be the beginning of another."""
        self._leaves = {path[0]: kind for path, kind in leaves.items() if len(path) == 1}
        self._levels = {
            key: Level({path[1:]: kind for path, kind in leaves.items() if path[0] == key})
            for key in sorted({path[0] for path in leaves} - set(self._leaves))
        }
        self._others: tuple[str, ...] = ()
        self._read = _reader(self._leaves, self._levels)

    def texts(self, lines: Sequence[JSONText], *, block: bytes) -> Mapping[Path, Texts]:
        """The canonical values at each path, line by line; `block` is their text, in UTF-8.

        Raises DoubtfulError where some line is no object, or could hold a value elsewhere.
        """
        members = self._read(lines)
        if not self._is_all(block, members):
            self._learn(lines)
            members = self._read(lines)
            if not self._is_all(block, members):
                raise DoubtfulError
        found: dict[Path, Texts] = {
            (key,): _texts(kind, members[key]) for key, kind in self._leaves.items()
        }
        for key, level in self._levels.items():
            for path, texts in level.texts_of_members(members[key]).items():
                found[key, *path] = texts
        return found

    def texts_of_members(self, members: Sequence[object]) -> Mapping[Path, Texts]:
        """The same of objects that are a member each, where there is one."""
        there = [one if isinstance(one, msgspec.Raw) and one != NULL else None for one in members]
        lines = [one for one in there if one is not None]
        found = self.texts(lines, block=b"\n".join(lines))
        if len(lines) == len(members):
            return found
        return {path: _scattered(texts, there) for path, texts in found.items()}

    def _is_all(self, block: bytes, members: Mapping[str, Sequence[object]]) -> bool:
        """Whether every key that stands in the text was read."""
        folded = lowered(block)
        inside = [lowered(_joined(members[key])) for key in (*self._levels, *self._others)]
        return all(
            folded.count(_quoted(key))
            == _present(members[key]) + sum(one.count(_quoted(key)) for one in inside)
            for key in (*self._leaves, *self._levels)
        )

    def _learn(self, lines: Sequence[JSONText]) -> None:
        """Look for members that hold such keys deeper. Raises DoubtfulError without new ones."""
        ours = (*self._leaves, *self._levels)
        found = set(self._others)
        for line in lines[:LEARNT_FROM]:
            for key, member in _object(line).items():
                inside = lowered(msgspec.json.encode(member))
                if key in ours or NAMELESS.search(key):
                    continue
                if any(_quoted(one) in inside for one in ours):
                    found.add(key)
        if len(found) == len(self._others) or len(found) > MOST_OTHERS:
            raise DoubtfulError
        self._others = tuple(sorted(found))
        self._read = _reader(self._leaves, (*self._levels, *self._others))


def _reader(
    leaves: Iterable[str], whole: Iterable[str]
) -> Callable[[Sequence[JSONText]], Mapping[str, Sequence[object]]]:
    """Of lines, the values of these keys line by line, NOTHING where a line has none.

    Those of `whole` are kept as they stand there. What is made raises DoubtfulError where a line
    cannot be read, or is no object.
    """
    types: dict[str, object] = dict.fromkeys(leaves, Any) | dict.fromkeys(whole, msgspec.Raw)
    names = {f"field_{number}": key for number, key in enumerate(types)}
    line = msgspec.defstruct(
        "Line", [(name, types[key], NOTHING) for name, key in names.items()], rename=names, gc=False
    )
    decode = msgspec.json.Decoder(line).decode
    values = {key: attrgetter(name) for name, key in names.items()}

    def read(lines: Sequence[JSONText]) -> Mapping[str, Sequence[object]]:
        try:
            records = list(map(decode, lines))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise DoubtfulError from error
        return {key: list(map(value, records)) for key, value in values.items()}

    return read


def _quoted(key: str) -> bytes:
    return f'"{key.lower()}"'.encode()


def _joined(members: Iterable[object]) -> bytes:
    return b"\n".join(one for one in members if isinstance(one, msgspec.Raw))


def _present(values: Sequence[object]) -> int:
    return len(values) - (values.count(NOTHING) if object in set(map(type, values)) else 0)


def _object(line: JSONText) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}


def _texts(kind: IdentifierType, values: Sequence[object]) -> Texts:
    types = set(map(type, values))
    if not types <= SCALARS:
        raise DoubtfulError
    if types == {int} and kind is INTEGER:
        # As `str` of each, in a third of the time.
        return msgspec.json.encode(values)[1:-1].decode().split(",")
    if types == {str} and kind is STRING:
        return list(map(str, values))
    return [None if one is NOTHING else text(kind, one) for one in values]


def _scattered(texts: Texts, there: Sequence[JSONText | None]) -> Texts:
    each = iter(texts)
    return [None if one is None else next(each) for one in there]
