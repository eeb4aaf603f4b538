"""Many records at once: the values at each path record by record, and columns made of them."""

from collections.abc import Mapping, Sequence

from purge.domain.canonical import IdentifierType, canonical, composite
from purge.domain.identifiers import Identifier
from purge.ports import Column

Path = tuple[str, ...]
Texts = Sequence[str | None]
"""Canonical values; None where a record has none."""


class DoubtfulError(ValueError):
    """Some record must be looked at more closely, by itself."""


def leaves(identifiers: Sequence[Identifier]) -> Mapping[Path, IdentifierType]:
    """Where values lie, and of which type each is.

    Raises DoubtfulError where a value is read as one type by one, as another by another.
    """
    found: dict[Path, IdentifierType] = {}
    for one in identifiers:
        for path, kind in _leaves(one):
            if found.setdefault(path, kind) is not kind:
                raise DoubtfulError
    return found


def text(kind: IdentifierType, value: object) -> str | None:
    """The canonical text of a scalar. Raises DoubtfulError where it has none.

    In a composite such a value is no candidate, and no null either.
    """
    if value is None:
        return None
    found = canonical(value, wanted=kind)
    if found is None:
        raise DoubtfulError
    return found[0]


def column(identifier: Identifier, texts: Mapping[Path, Texts]) -> Column:
    found = [texts[path] for path in identifier.paths]
    values = list(map(_composite, *found)) if identifier.parts else found[0]
    return Column(identifier.type, identifier.name, values)


def _leaves(identifier: Identifier) -> Sequence[tuple[Path, IdentifierType]]:
    if identifier.parts:
        return [(part.path, part.type) for part in identifier.parts]
    return [(identifier.path, identifier.type)]


def _composite(*values: str | None) -> str | None:
    return composite(values) if any(one is not None for one in values) else None
