"""How the next version of an S3 object is put together from parts, chosen by cost.

A part is a range that the store copies from the present version itself, or bytes that we upload:
fresh ones, and neighbourhoods too small to be a part of their own, which we download first.
Parts are 5 MiB to 5 GiB but the last, which may be smaller, and at most 10,000
(docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).

Segments come as a stream, so the choice is made at each stretch: copying one costs about three
requests more (it ends an upload, and another begins behind it), carrying it along costs its bytes
twice. Small objects and objects full of scattered records are thereby downloaded and uploaded
whole, and a few records in a large one are cut without downloading it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from purge.domain.spans import Fresh, Keep, Segment, Span

MIB = 1 << 20
SMALLEST, LARGEST, MOST = 5 * MIB, 5 << 30, 10_000
ENOUGH = 8 * MIB
"""An upload this large is a part; more would only cost memory."""
REQUEST = 4 * MIB
"""The bytes that could move in the time of one request."""
COPY_AT_ONCE = 256 * MIB
"""Copies of one long range run side by side in pieces of about this size."""
COPYING_PAYS = 3 * REQUEST // 2
"""The least bytes for which a copy beats carrying: three requests against moving them twice."""
COPIES = 1000
"""At most about so many pieces for one range."""
DOUBLES_EVERY, LARGEST_FLOOR = 500, 1 << 30
"""After so many parts the smallest size doubles: 10,000 are then enough for 5 TiB, however cut."""
WHOLE = 8 * MIB
"""Up to this size an object is downloaded and put whole: two requests, where an upload of parts
takes at least five."""
BRIDGE = 64 * 1024
"""Gaps up to this size are downloaded along rather than asked for apart."""


class TooManyPartsError(ValueError):
    """The object is larger than 10,000 parts can hold."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A range of the present version, copied by the store itself."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that pass through us, in order."""

    pieces: tuple[Segment, ...]

    @property
    def length(self) -> int:
        return sum(map(length_of, self.pieces))


Part = Copy | Upload


@dataclass(slots=True)
class Costs:
    """What putting the parts together takes."""

    copied: int = 0
    downloaded: int = 0
    uploaded: int = 0
    requests: int = 0
    parts: int = 0

    def add(self, part: Part) -> None:
        self.parts += 1
        match part:
            case Copy():
                self.copied += part.length
                self.requests += 1
            case Upload():
                ranges = fetches(part.pieces)
                self.downloaded += sum(one.length for one in ranges)
                self.uploaded += part.length
                self.requests += 1 + len(ranges)

    def __str__(self) -> str:
        return (
            f"{self.parts} parts: {readable(self.copied)} copied by the store, "
            f"{readable(self.downloaded)} downloaded, {readable(self.uploaded)} uploaded, "
            f"{self.requests} requests"
        )


@dataclass(slots=True)
class _Parts:
    """Parts so far, and the pieces waiting to become one."""

    made: int = 0
    waiting: list[Segment] = field(default_factory=list)
    size: int = 0

    @property
    def floor(self) -> int:
        return smallest(self.made)

    def made_of(self, part: Part) -> Part:
        self.made += 1
        if self.made > MOST:
            raise TooManyPartsError
        return part

    def wait(self, segment: Segment) -> None:
        self.waiting.append(segment)
        self.size += length_of(segment)

    def flush(self) -> Iterator[Part]:
        if self.waiting:
            pieces = tuple(self.waiting)
            self.waiting, self.size = [], 0
            yield self.made_of(Upload(pieces))

    def copies(self, keep: Keep) -> Iterator[Part]:
        """A range in equal pieces: so few and large that none gets too small on the way."""
        most = min(LARGEST, max(COPY_AT_ONCE, 8 * self.floor, keep.length // COPIES))
        count = -(-keep.length // most)
        at, end = keep.offset, keep.offset + keep.length
        for left in range(count, 0, -1):
            share = (end - at) // left
            yield self.made_of(Copy(at, share))
            at += share


def smallest(made: int) -> int:
    """The smallest part allowed after so many."""
    return min(LARGEST_FLOOR, SMALLEST << min(made // DOUBLES_EVERY, 20))


def parts(segments: Iterable[Segment]) -> Iterator[Part]:
    """The parts whose concatenation is these segments, as they come. An empty object has one."""
    state = _Parts()
    for segment in split(joined(segments)):
        match segment:
            case Keep():
                yield from _keep(state, segment)
            case Fresh():
                state.wait(segment)
        if state.size >= max(ENOUGH, state.floor):
            yield from state.flush()
    yield from _last(state)


def _keep(state: _Parts, keep: Keep) -> Iterator[Part]:
    """Copy it where that is cheaper than carrying it along with what waits."""
    need, enough = 0, state.floor
    if state.waiting:
        need = max(0, state.floor - state.size)
        enough = max(smallest(state.made + 1), COPYING_PAYS)
    rest = keep.length - need
    if rest < enough:
        state.wait(keep)
        return
    if need:
        state.wait(Keep(keep.offset, need))
    yield from state.flush()
    yield from state.copies(Keep(keep.offset + need, rest))


def _last(state: _Parts) -> Iterator[Part]:
    """A small object is always uploaded: some stores sum a copied part by where it came from."""
    match state.waiting:
        case [Keep() as only] if state.made:
            yield state.made_of(Copy(only.offset, only.length))
        case [] if not state.made:
            yield state.made_of(Upload(()))
        case _:
            yield from state.flush()


def joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The same bytes, with neighbours in the present version as one range and nothing empty."""
    held: Segment | None = None
    for segment in segments:
        if not length_of(segment):
            continue
        if (
            isinstance(held, Keep)
            and isinstance(segment, Keep)
            and held.offset + held.length == segment.offset
        ):
            held = Keep(held.offset, held.length + segment.length)
            continue
        if held is not None:
            yield held
        held = segment
    if held is not None:
        yield held


def split(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The same bytes, with no fresh piece larger than is uploaded at once."""
    for segment in segments:
        match segment:
            case Keep():
                yield segment
            case Fresh():
                content = segment.content
                if len(content) <= ENOUGH:
                    yield segment
                    continue
                for at in range(0, len(content), ENOUGH):
                    yield Fresh(content[at : at + ENOUGH])


def fetches(pieces: Sequence[Segment]) -> list[Span]:
    """The ranges to download for an upload: neighbours, and what is near, in one."""
    ranges: list[Span] = []
    for piece in pieces:
        match piece:
            case Fresh():
                continue
            case Keep():
                end = piece.offset + piece.length
                if ranges and 0 <= piece.offset - ranges[-1].end <= BRIDGE:
                    ranges[-1] = Span(ranges[-1].offset, end - ranges[-1].offset)
                else:
                    ranges.append(Span(piece.offset, piece.length))
    return ranges


def costs(segments: Iterable[Segment]) -> Costs:
    """What rewriting an object so would take. Consumes the segments."""
    total = Costs()
    for part in parts(segments):
        total.add(part)
    return total


def told(*, size: int, segments: Iterable[Segment]) -> str:
    """The plan in words; nothing where a format must first write bytes anew to know it."""
    kept: list[Segment] = []
    for segment in segments:
        match segment:
            case Fresh():
                return ""
            case Keep():
                kept.append(segment)
    if size <= WHOLE:
        left = sum(map(length_of, kept))
        return f"{readable(size)} downloaded, {readable(left)} put whole, 2 requests"
    return f"{costs(kept)}; {readable(2 * size)} would move to rewrite it whole"


def length_of(segment: Segment) -> int:
    match segment:
        case Keep():
            return segment.length
        case Fresh():
            return len(segment.content)


def readable(size: int) -> str:
    """A size for people, in two or three figures."""
    value, unit = float(size), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:  # noqa: PLR2004 - the unit
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
