"""Changes that could leave a namespace without the person who is to open it in an emergency.

Who that is, is not for the platform to know: the setting TENANCY_WAYS_IN names a context manager
by dotted path, which stands around the change in its transaction. Its refusal undoes the change.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from governance.isolation.scopes import current_namespace_id, current_scope
from governance.tenancy.models import Namespace


class WaysIn(Protocol):
    """Entered in the scope of the namespace that is about to change."""

    def __call__(self) -> AbstractContextManager[None]:
        """Raises, once the change is made, the Refusal that names the way out."""
        ...


@contextmanager
def kept() -> Iterator[None]:
    """Whoever must be able to come in still can after this, or nothing of it happens.

    Such changes of a namespace follow each other, and so does naming that person: of two that
    are made at once, the later sees the earlier. Outside a namespace nobody is to be kept.
    """
    if current_scope().namespace_id is None:
        yield
        return
    with transaction.atomic():
        hold()
        keeping: WaysIn = import_string(settings.TENANCY_WAYS_IN)
        with keeping():
            yield


def hold() -> None:
    """Until the transaction ends, nobody else changes who can come into the open namespace."""
    Namespace.objects.select_for_update(no_key=True).get(pk=current_namespace_id())
