"""Objects that are somebody's as a whole: what says so is read, and judged like a record."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from purge.domain import locators, matching
from purge.domain.identifiers import Identifier, Wanted
from purge.domain.locators import Locator
from purge.domain.matching import Candidate, Pairs, TooAmbiguousError, Verdict
from purge.domain.spans import Span
from purge.ports import StorageLayer

LARGEST_METADATA = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said of an object. `candidates` None: something that cannot be read, `raw`."""

    candidates: Sequence[Candidate] | None
    raw: bytes = b""

    def judge(self, *, wanted: frozenset[Wanted]) -> Verdict:
        if self.candidates is not None:
            return matching.verdict(iter(self.candidates), wanted=wanted)
        could = not self.raw or matching.could_hold(self.raw, wanted=wanted)
        return Verdict.UNCLEAR if could else Verdict.OTHER


def told(
    *,
    layer: StorageLayer,
    locator: Locator,
    identifiers: Sequence[Identifier],
    key: str,
    version: str,
) -> Told:
    """Whose the object may be. Raises ObjectChanged and ObjectUnreachable."""
    if locator is Locator.METADATA_FILE:
        return _in_metadata(layer, locators.metadata_of(key), identifiers)
    found: Iterable[Candidate] = ()
    match locator:
        case Locator.FILE_NAME:
            found = locators.by_name(key, identifiers=identifiers)
        case Locator.PARTITION:
            found = locators.by_partition(key, identifiers=identifiers)
        case Locator.TAG:
            tags = layer.tags(key=key, version=version)
            found = locators.by_tags(tags, identifiers=identifiers)
        case Locator.ROW | Locator.SCAN:
            message = f"{locator} looks into records"
            raise ValueError(message)
    return Told(candidates=list(found))


def _in_metadata(layer: StorageLayer, key: str, identifiers: Sequence[Identifier]) -> Told:
    version = layer.version(key=key)
    if version is None:
        return Told(candidates=())
    with layer.open(key=key, version=version) as source:
        if source.size > LARGEST_METADATA:
            return Told(candidates=None)
        raw = source.read(Span(0, source.size)) if source.size else b""
    try:
        document = json.loads(raw, object_pairs_hook=Pairs)
        found = list(matching.candidates(document, identifiers=identifiers))
    except (ValueError, RecursionError, TooAmbiguousError):
        return Told(candidates=None, raw=raw)
    return Told(candidates=found)
