"""People who were erased do not come back as a new account by themselves.

Who was erased is not for the platform to know: the setting TENANCY_ERASED_PEOPLE names a function
by dotted path. It is asked for somebody who has no account yet, whichever door they come by, and
for what an account is called from now on.
"""

from collections.abc import Collection
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from governance.isolation.scopes import current_scope
from governance.kernel.refusals import Forbidden
from governance.tenancy.domain import people


class ErasedPeople(Protocol):
    def __call__(self, *, names: Collection[str]) -> bool:
        """Whether one of the names is of somebody who was erased from the open namespace."""
        ...


class PersonWasErased(Forbidden):
    code = "person_was_erased"
    sentence = (
        "This person was erased here, and is not taken in again by itself. Whoever may ask for "
        "erasures can let them back in: Erasures, Returns."
    )


def check(names: Collection[str], *, known: Collection[str] = ()) -> None:
    """Raises PersonWasErased. `known` are names that the account has: it keeps those."""
    if current_scope().namespace_id is None:
        return
    had = {people.folded(name) for name in people.telling(known)}
    asked = frozenset(one for one in people.telling(names) if people.folded(one) not in had)
    if asked:
        were_erased: ErasedPeople = import_string(settings.TENANCY_ERASED_PEOPLE)
        if were_erased(names=asked):
            raise PersonWasErased
