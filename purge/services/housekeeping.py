"""What happens to erasures by itself: they expire, officers are reminded, addresses forgotten."""

from datetime import datetime
from uuid import UUID

from governance.isolation.scopes import system_scope
from purge.models import PurgeKeys
from purge.services import contacts, reminders


def namespaces_with_work() -> list[UUID]:
    """Those that ever had an erasure or an index. Needs a system scope."""
    with system_scope("erasures that are due"):
        return list(PurgeKeys.objects.values_list("namespace_id", flat=True))


def keep_house(*, now: datetime) -> None:
    """For the open scope's namespace: expire, remind, and forget addresses that were kept long."""
    reminders.expire(now=now)
    reminders.remind(now=now)
    contacts.forget_untold(now=now)
