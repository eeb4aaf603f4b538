"""In which namespace a platform administrator works: chosen, or the only one there is."""

from datetime import datetime

from django.http import HttpRequest

from governance.audit import trail
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace

CHOSEN = "lakewarden_admin_namespace"


def enter_the_only(request: HttpRequest, *, actor: Actor, now: datetime) -> None:
    """Where there is one namespace, nobody has to choose it. Called in a system scope."""
    found = list(Namespace.objects.order_by("name")[:2])
    if len(found) != 1:
        return
    request.session[CHOSEN] = str(found[0].pk)
    with namespace_scope(found[0].pk):
        trail.record(actor=actor, action="namespace.entered", target=found[0], now=now)
