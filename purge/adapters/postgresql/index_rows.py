"""Rows of the metastore index: entries by columns, and as the table and its trees take them.

A span is packed into ten bytes: the position in the lower 47 bits of `place`, the length's upper 16
above it, its lower 15 in `length_low` (migration 0006 says why).
"""

from array import array

from purge.adapters.postgresql import binary_arrays
from purge.adapters.postgresql.binary_arrays import BIGINT, SMALLINT
from purge.domain.spans import Span
from purge.ports import IndexEntries, ObjectUnreachable

POSITION_BITS, LOW_BITS = 47, 15
FURTHEST, LONGEST = (1 << POSITION_BITS) - 1, (1 << 31) - 1
LOW = (1 << LOW_BITS) - 1

# A crash of the server may undo the transactions of the last half second, the latest first. An
# object becomes what was read in the last of its own: it is read again. Whoever commits after it,
# waiting, keeps it too.
SETTINGS = "set_config('work_mem', '16MB', true), set_config('synchronous_commit', 'off', true)"
OWN_NUMBER = (
    "(SELECT number FROM purge_purgekeys WHERE namespace_id = "
    "NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)"
)
# In the trees' order, each page of a tree is visited once. Unnested side by side in a list of
# columns, arrays are read as they are; in FROM, PostgreSQL writes their rows down first.
INSERT = f"""
INSERT INTO purge_indexentry (fingerprint, place, object_number, length_low, namespace_number)
SELECT fingerprint, place, $1::integer, length_low, {OWN_NUMBER}
FROM (SELECT unnest($2::bigint[]) AS fingerprint, unnest($3::bigint[]) AS place,
  unnest($4::smallint[]) AS length_low) arriving
ORDER BY fingerprint
""".encode()  # noqa: S608 - no value is put into the text


class IndexRows:
    """Rows in columns, eighteen bytes each."""

    def __init__(self) -> None:
        self.fingerprints, self.places, self.lengths_low = array("q"), array("q"), array("h")

    @property
    def count(self) -> int:
        return len(self.fingerprints)

    def add(self, entries: IndexEntries) -> None:
        """Raises ObjectUnreachable where a record lies further in than the index can tell."""
        fingerprints, places, lows = entries
        longest = max(lows, default=0)
        if max(places, default=0) > FURTHEST or longest > LONGEST:
            raise ObjectUnreachable(reason="too_far_in")
        if longest > LOW:
            places = [
                place | length >> LOW_BITS << POSITION_BITS
                for place, length in zip(places, lows, strict=True)
            ]
            lows = [length & LOW for length in lows]
        self.fingerprints.extend(fingerprints)
        self.places.extend(places)
        self.lengths_low.extend(lows)

    def append(self, fingerprint: int, place: int, length_low: int) -> None:
        self.fingerprints.append(fingerprint)
        self.places.append(place)
        self.lengths_low.append(length_low)

    def insert(self, *, number: int) -> None:
        """As the entries of this object, by this transaction's `SETTINGS`."""
        arrays = [
            binary_arrays.of_numbers(self.fingerprints, BIGINT),
            binary_arrays.of_numbers(self.places, BIGINT),
            binary_arrays.of_numbers(self.lengths_low, SMALLINT),
        ]
        binary_arrays.execute(INSERT, number, arrays)


def span(place: int, low: int) -> Span:
    return Span(place & FURTHEST, place >> POSITION_BITS << LOW_BITS | low)
