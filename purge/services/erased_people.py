"""Whether somebody who is about to get an account here was erased."""

import unicodedata
from collections.abc import Collection, Iterator

from django.db.models import Q, QuerySet

from governance.isolation import prepared
from governance.tenancy.domain import people
from purge import selectors
from purge.domain import accounts
from purge.domain.canonical import canonical
from purge.domain.identifiers import Wanted, fingerprint
from purge.models import Suppression
from purge.services import keyrings, ledger


def were_erased(*, names: Collection[str]) -> bool:
    """`names` are such as mean one person everywhere. Needs the scope.

    The ledger holds fingerprints of identifiers as the datasets call them, so that a name is
    tried as each of those; and of how accounts are compared, which older rows have not.
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
    as_recorded = Q(fingerprint__in=prints, public_fingerprint__in=prints.values())
    as_account = Q(account_fingerprint__in=accounts.fingerprints(names, key=key))
    return Suppression.objects.filter(as_recorded | as_account, lifted_at__isnull=True).exists()


def _spellings(name: str) -> Iterator[str]:
    """As it is, as most would write it down, and as accounts are compared."""
    yield from (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFKC", name))
    yield from (name.lower(), people.folded(name))


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
