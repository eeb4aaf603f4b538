"""Whether somebody who is about to get an account here was erased."""

import unicodedata
from collections.abc import Collection, Iterator

from django.db.models import QuerySet

from governance.isolation import prepared
from purge import selectors
from purge.domain.canonical import canonical
from purge.domain.identifiers import Wanted, fingerprint
from purge.models import Suppression
from purge.services import keyrings, ledger


def were_erased(*, names: Collection[str]) -> bool:
    """`names` are such as mean one person everywhere. Needs the scope.

    The ledger holds fingerprints of identifiers as the datasets call them, so that a name is
    tried as each of those.
    """
    if not _anybody():
        return False
    key = keyrings.fingerprint_key()
    prints = {
        fingerprint(key=key, name=one.name, kind=one.type, value=one.value): ledger.public(
            one, key=key
        )
        for one in _as_identifiers({spelled for name in names for spelled in _spellings(name)})
    }
    found = Suppression.objects.filter(
        lifted_at__isnull=True,
        fingerprint__in=prints,
        public_fingerprint__in=prints.values(),
    )
    return found.exists()


def _spellings(name: str) -> Iterator[str]:
    """As it is, and as most would write it down: composed, in letters of one width, in lower case.

    What looks the same is no other name (https://www.unicode.org/reports/tr36/, 2.1).
    """
    for spelled in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFKC", name)):
        yield spelled
        yield spelled.lower()


@prepared.selecting
def _anybody() -> QuerySet[Suppression]:
    """Most namespaces erased nobody, and every first sign-in asks."""
    return Suppression.objects.filter(lifted_at__isnull=True)[:1]


def _as_identifiers(names: Collection[str]) -> Iterator[Wanted]:
    for identifier in selectors.known_identifiers():
        for name in names:
            value = None if identifier.parts else canonical(name, wanted=identifier.type)
            if value is not None:
                yield Wanted(identifier.name, identifier.type, value[0])
