"""What runs on Spark's executors: one object after the other, with no database.

An executor gets one layer's credentials and the namespace's key with the function that it runs,
which Spark keeps encrypted on the wire and on disk. What fails says where and never what was read:
Spark writes errors into logs of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from traceback import extract_tb

from django.conf import settings

from governance.kernel.personal import Personal
from purge.domain.identifiers import Identifier
from purge.domain.locators import Locator
from purge.ports import Format, LayerDescription, LayerKind, ObjectChanged, ObjectUnreachable
from purge.ports.extraction import Extract, Piece, Reading

Item = tuple[int, str, str]
"""Its number in the group, key and version."""

Found = tuple[int, Piece | None]
"""None: the object is another one by now, or cannot be read."""


class ReadingFailedError(RuntimeError):
    """Something went wrong in an executor, said without what was being read."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shipped:
    """All that an executor is given. `Personal` is not pickled: here the secrets lie open."""

    kind: LayerKind
    namespace_name: str
    options: Mapping[str, object]
    credentials: str | None
    format: Format
    locator: Locator
    identifiers: tuple[Identifier, ...]
    key: bytes
    erased: frozenset[int]
    settings: Mapping[str, object]
    extract: Extract

    @classmethod
    def of(cls, reading: Reading, *, settings: Mapping[str, object], extract: Extract) -> "Shipped":
        credentials = reading.layer.credentials
        return cls(
            kind=reading.layer.kind,
            namespace_name=reading.layer.namespace_name,
            options=reading.layer.options,
            credentials=None if credentials is None else credentials.reveal(),
            format=reading.format,
            locator=reading.locator,
            identifiers=reading.identifiers,
            key=reading.key,
            erased=reading.erased,
            settings=settings,
            extract=extract,
        )

    def reading(self) -> Reading:
        return Reading(
            layer=LayerDescription(
                kind=self.kind,
                namespace_name=self.namespace_name,
                options=self.options,
                credentials=None if self.credentials is None else Personal(self.credentials),
            ),
            format=self.format,
            locator=self.locator,
            identifiers=self.identifiers,
            key=self.key,
            erased=self.erased,
        )


def read(items: Iterable[Item], *, shipped: Shipped) -> Iterator[Found]:
    """Everything of these objects for the index."""
    if not settings.configured:
        # The operator's bounds of layers; no database, no keys.
        settings.configure(**shipped.settings)
    reading = shipped.reading()
    for number, key, version in items:
        try:
            for piece in shipped.extract(reading=reading, key=key, version=version):
                yield number, piece
        except (ObjectChanged, ObjectUnreachable):
            yield number, None
        except Exception as error:  # noqa: BLE001 - what it says may be somebody's data
            raise ReadingFailedError(_where(error)) from None


def _where(error: Exception) -> str:
    steps = extract_tb(error.__traceback__)[-3:]
    names = [f"{PurePath(step.filename).name}:{step.lineno}" for step in steps]
    return f"{type(error).__name__} at {' > '.join(names)}"
