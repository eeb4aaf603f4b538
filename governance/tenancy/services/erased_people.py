"""People who were erased do not come back as a new account by themselves.

Who was erased is not for the platform to know: the setting TENANCY_ERASED_PEOPLE names a function
by dotted path. It is asked for somebody who has no account yet, whichever door they come by.
"""

import re
from collections.abc import Collection
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from governance.isolation.scopes import current_scope
from governance.kernel.refusals import Forbidden

# What means one person everywhere. A short name or number may be somebody else's elsewhere.
TELLING = re.compile(
    r"[^@\s]+@[^@\s]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)


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


def check(names: Collection[str]) -> None:
    """Raises PersonWasErased."""
    telling = frozenset(name.strip() for name in names if TELLING.fullmatch(name.strip()))
    if telling and current_scope().namespace_id is not None:
        were_erased: ErasedPeople = import_string(settings.TENANCY_ERASED_PEOPLE)
        if were_erased(names=telling):
            raise PersonWasErased
