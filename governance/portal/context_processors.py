"""What the header of every page needs to know of the person who looks at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import allows
from governance.tenancy.models import UserSession
from governance.tenancy.services import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    title: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A signed-in person. `namespace_name` is empty for platform administrators."""

    namespace_name: str
    namespace_title: str
    username: str
    role_id: UUID | None
    role_name: str
    roles: tuple[tuple[UUID, str], ...]
    expires_at: datetime
    pages: tuple[Page, ...]


def visitor(request: HttpRequest) -> Mapping[str, object]:
    """`visitor` in every template; None for strangers. Nothing is read on pages without it."""
    session: UserSession | None = getattr(request, "user_session", None)
    actor: Actor | None = getattr(request, "actor", None)
    if session is None or actor is None:
        return {"visitor": None}
    read = partial(visitor_of, session=session, actor=actor, path=request.path)
    return {"visitor": SimpleLazyObject(read)}


def visitor_of(*, session: UserSession, actor: Actor, path: str) -> Visitor:
    namespace = "" if session.namespace is None else session.namespace.name
    title = "" if session.namespace is None else session.namespace.display_name
    roles = [(role.pk, role.name) for role in sessions.roles_open_to(session)]
    own = session.role.name if session.role is not None else ""
    shown = own or ", ".join(name for _, name in roles)
    return Visitor(
        namespace_name=namespace,
        namespace_title=title or namespace,
        username=session.user.username,
        role_id=session.role_id,
        role_name=shown or ("Platform administrator" if not namespace else "no role"),
        roles=tuple(roles),
        expires_at=session.expires_at,
        pages=tuple(_pages(actor, namespace, path)) if namespace else (),
    )


def _pages(actor: Actor, namespace: str, path: str) -> Sequence[Page]:
    offered = (
        ("Home", reverse("portal:home"), None),
        ("Dashboards", reverse("portal:dashboards", args=[namespace]), Action.READ_DASHBOARDS),
        ("SQL", reverse("portal:sql", args=[namespace]), Action.RUN_QUERY),
        ("Usage", reverse("portal:usage", args=[namespace]), Action.READ_USAGE),
        ("Erasures", reverse("purge:erasures", args=[namespace]), Action.READ_ERASURE),
        ("Admin", reverse("admin:index"), Action.OPEN_ADMIN),
    )
    return [
        Page(title=title, url=url, is_current=path == url or (url != "/" and path.startswith(url)))
        for title, url, action in offered
        if action is None or allows(actor=actor, action=action)
    ]
