"""Everything of the demo workspace, in the order in which it depends on itself.

Each part leaves alone what is there, so that it may be loaded again: after an interruption, or
beside what somebody configured meanwhile.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from governance.isolation.scopes import namespace_scope, system_scope
from governance.project.demo import (
    analytics,
    dashboards,
    forgetting,
    lake_folder,
    people,
    signing_in,
    spending,
)
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors, namespaces

NAMESPACE = "default"
ACCOUNT = "253914981264"


def load(*, now: datetime) -> list[str]:
    """Load what is missing. Returns lines to show once: who may sign in, with which password."""
    namespace = _namespace(now=now)
    lake_folder.copy(home=Path(settings.LAKE_ROOTS[0]) / namespace.name)
    actor = actors.system(namespace.pk)
    with namespace_scope(namespace.pk):
        notes = people.make(actor=actor, now=now)
        notes += signing_in.make(namespace=namespace, actor=actor, now=now)
        analytics.make(actor=actor, now=now)
        dashboards.make(actor=actor, now=now)
        spending.make(actor=actor, now=now)
    forgetting.make(namespace_id=namespace.pk)
    with namespace_scope(namespace.pk):
        forgetting.ask(now=now)
    return notes


def _namespace(*, now: datetime) -> Namespace:
    with system_scope("the demo workspace"):
        namespace = Namespace.objects.filter(name=NAMESPACE).first()
        if namespace is None:
            namespace = namespaces.create(
                name=NAMESPACE, account_id=ACCOUNT, actor=actors.system(), now=now
            )
    return namespace
