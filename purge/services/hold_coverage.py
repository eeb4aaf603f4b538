"""What legal holds keep where a dataset lies, whichever dataset they were placed on.

Two datasets may have objects in common: one layer with prefixes that overlap, or two layers over
one folder or bucket. A hold on the one dataset keeps those objects from the other. And a person who
is held by an identifier that only the one of them knows is looked for in the other's records too.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, product

from purge import selectors
from purge.domain.identifiers import Identifier, IdentifierType, Wanted, fingerprint, identifiers_of
from purge.domain.locators import WHOLE_OBJECT, Locator
from purge.domain.matching import Verdict
from purge.models import Dataset
from purge.ports import (
    Format,
    Lake,
    ObjectUnreachable,
    Record,
    RecordFormat,
    StorageLayer,
)
from purge.services import holds, keyrings, layers, whole_objects


@dataclass(frozen=True, slots=True)
class People(Collection[Wanted]):
    """Those who are known by their fingerprints alone: asked for, and never listed."""

    fingerprints: frozenset[int]
    key: bytes = b""

    def __contains__(self, one: object) -> bool:
        return (
            isinstance(one, Wanted)
            and fingerprint(key=self.key, name=one.name, kind=one.type, value=one.value)
            in self.fingerprints
        )

    def __iter__(self) -> Iterator[Wanted]:
        return iter(())

    def __len__(self) -> int:
        return len(self.fingerprints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharer:
    """A dataset that may have objects of the one at hand, and how people are found in it."""

    base: str
    places: tuple[str, ...]
    locator: Locator
    identifiers: tuple[Identifier, ...]
    kind: Format
    format: RecordFormat | None = field(compare=False)
    """None where both are tables: no file is read."""

    def covers(self, name: str) -> bool:
        return any(_lies_in(name, place) for place in self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who is on hold now and until when (the latest of them), and which places are.

    Two that are equal keep the same: a dataset that came between finds people otherwise.

    `base` is where the layer at hand begins; `places` are the beginnings of names that are on
    hold, with until when; `sharers` is empty where nobody is held, for then nobody asks. `names`
    are those of the identifiers that people are held by; `folders` where tables have their files.

    Implements `purge.ports.Keeper`.
    """

    people: People
    until: str = ""
    names: frozenset[str] = frozenset()
    base: str = ""
    places: tuple[tuple[str, str], ...] = ()
    sharers: tuple[Sharer, ...] = ()
    folders: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.people)

    @property
    def is_idle(self) -> bool:
        return not (self.people or self.places)

    def check_place(self, key: str) -> None:
        """Raises ObjectUnreachable where the object, or a part of it, lies in such a place."""
        names = self._names(key)
        until = max(
            (until for place, until in self.places if any(_lies_in(one, place) for one in names)),
            default="",
        )
        if until:
            raise ObjectUnreachable(reason=holds.REASON, until=until)

    def identifiers_in(self, table: str) -> tuple[Identifier, ...]:
        """Those that people are held by, as any dataset knows them that has the table."""
        return tuple(
            identifier
            for one in self._sharers_of(table)
            if one.locator not in WHOLE_OBJECT
            for identifier in one.identifiers
            if identifier.name in self.names
        )

    def keeps_record(self, record: Record, *, key: str) -> bool:
        """Whether it names, or may name, somebody on hold to any dataset that has the object."""
        return any(
            record.judge(identifiers=one.identifiers, wanted=self.people) is not Verdict.OTHER
            for one in self._sharers_of(key)
            if one.locator not in WHOLE_OBJECT
        )

    def keeps_object(self, layer: StorageLayer, *, key: str, version: str) -> bool:
        """Whether it is, as a whole, somebody's who is on hold."""
        return any(
            self._is_told(one, layer, key=key, version=version)
            for one in self._sharers_of(key)
            if one.locator in WHOLE_OBJECT
        )

    def keeps_anything(self, layer: StorageLayer, *, key: str, version: str) -> bool:
        """Whether a record in it names somebody who is on hold. Reads all of it."""
        readers = [one for one in self._sharers_of(key) if one.locator not in WHOLE_OBJECT]
        if not readers:
            return False
        with layer.open(key=key, version=version) as source:
            return any(
                Wanted(name, IdentifierType(kind), value) in self.people
                for one in readers
                if one.format is not None
                for batch in one.format.scan(source=source, identifiers=one.identifiers)
                for record in batch.records()
                for kind, name, value in record.candidates or ()
            )

    def _sharers_of(self, key: str) -> Iterator[Sharer]:
        names = self._names(key)
        return (one for one in self.sharers if any(map(one.covers, names)))

    def _names(self, key: str) -> tuple[str, ...]:
        folder = (self.folders[key].removesuffix("/"),) if key in self.folders else ()
        return (f"{self.base}{key}".removesuffix("/."), *folder)

    def _is_told(self, one: Sharer, layer: StorageLayer, *, key: str, version: str) -> bool:
        is_by_name = one.locator in {Locator.FILE_NAME, Locator.PARTITION}
        told = whole_objects.told(
            layer=layer,
            locator=one.locator,
            identifiers=one.identifiers,
            key=f"{self.base}{key}".removeprefix(one.base) if is_by_name else key,
            version=version,
        )
        if told.candidates is None:
            return True  # What cannot be read may name anybody.
        return any(Wanted(two.name, two.type, two.value) in self.people for two in told.candidates)


def of(dataset: Dataset, *, lake: Lake) -> Held:
    """What no record may be deleted with, nor any object of the dataset. Needs the scope."""
    rows = list(
        holds.in_force().filter(dataset__isnull=True).values_list("index_fingerprints", "until")
    )
    kept = list(
        holds.in_force()
        .filter(dataset__isnull=False)
        .select_related("dataset__storage_layer")
        .order_by("until", "pk")
    )
    if not rows and not kept:
        return Held(people=People(frozenset()))
    base = layers.opened(dataset.storage_layer, lake=lake).place()
    return Held(
        people=People(
            frozenset(chain.from_iterable(one for one, _ in rows)), keyrings.fingerprint_key()
        ),
        until=max(until for _, until in rows).isoformat() if rows else "",
        names=holds.names_of_people() if rows else frozenset(),
        base=base,
        places=tuple(
            (place, one.until.isoformat())
            for one in kept
            if one.dataset is not None
            and (begins := layers.place(one.dataset.storage_layer, lake=lake)) is not None
            for place in _places(one.dataset, begins, lake=lake)
        ),
        sharers=tuple(_sharers(dataset, base, lake=lake)) if rows else (),
        folders=_folders(dataset, lake=lake) or {},
    )


def _sharers(dataset: Dataset, base: str, *, lake: Lake) -> Iterator[Sharer]:
    """The datasets that have names in common with this one, itself among them.

    Files of a table may be a dataset too. Then a record is read as the one of files says, and
    people are known in it as both say.
    """
    own = _places(dataset, base, lake=lake)
    for one in Dataset.objects.select_related("storage_layer").order_by("pk"):
        begins = layers.place(one.storage_layer, lake=lake)
        if begins is None:
            continue
        others = _places(one, begins, lake=lake)
        # Rows of one table of a server may refer to those of another, and go with them.
        beside = dataset.format == Format.TABLE and begins == base
        if beside or any(_overlap(*pair) for pair in product(own, others)):
            kind = Format(dataset.format if one.format == Format.TABLE else one.format)
            yield Sharer(
                base=begins,
                places=others,
                locator=Locator(one.locator),
                identifiers=identifiers_of(one.identifiers),
                kind=kind,
                format=None if kind is Format.TABLE else lake.record_format(kind),
            )


def _places(dataset: Dataset, base: str, *, lake: Lake) -> tuple[str, ...]:
    """What names of the dataset begin with; all of its layer where a catalog cannot be read."""
    folders = _folders(dataset, lake=lake)
    return (base,) if folders is None else (f"{base}{dataset.prefix}", *folders.values())


def _folders(dataset: Dataset, *, lake: Lake) -> Mapping[str, str] | None:
    if dataset.format != Format.TABLE:
        return {}
    try:
        store = lake.tables(selectors.description(dataset.storage_layer))
        return store.folders(prefix=dataset.prefix)
    except ObjectUnreachable:
        return None


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _lies_in(name: str, place: str) -> bool:
    """A table may be a folder, and have what lies in it."""
    return name.startswith(place) or place.startswith(f"{name}/")
