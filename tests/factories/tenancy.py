"""Builders of namespaces, people, roles and actors. Each works in the scope that is open."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import Namespace, Role, User, UserSession
from governance.tenancy.services import actors, namespaces, sessions, tokens, users

PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def a_namespace(name: str = "acme", *, account_id: str = "253914981264") -> Namespace:
    """A namespace with the preset roles."""
    with system_scope("test builder"):
        return namespaces.create(
            name=name, account_id=account_id, actor=actors.system(), now=timezone.now()
        )


def the_role(name: str = "author") -> Role:
    """A preset role of the open scope."""
    return Role.objects.select_related("namespace").get(name=name)


def a_user(
    login_name: str | None = None,
    *,
    roles: Sequence[str] = (),
    email: str | None = None,
    password: str | None = PASSWORD,
) -> User:
    """A local user of the open scope, with preset roles bound by hand."""
    name = login_name or f"person{next(_numbers)}"
    return users.create_local(
        person=LocalPerson(
            login_name=name,
            email=f"{name}@customer.example" if email is None else email,
            display_name=name.title(),
        ),
        password=password,
        roles=[the_role(role) for role in roles],
        actor=actors.system(),
        now=timezone.now(),
    )


def a_platform_administrator(login_name: str = "root") -> User:
    with system_scope("test builder"):
        return users.create_local(
            person=LocalPerson(login_name=login_name, email=f"{login_name}@customer.example"),
            password=PASSWORD,
            actor=actors.system(),
            now=timezone.now(),
        )


def an_actor(user: User, *, role: str | None = None) -> Actor:
    """The user, acting as one of their roles (or all of them), authenticated this moment."""
    return actors.for_user(
        user=user,
        role=None if role is None else the_role(role),
        authenticated_at=timezone.now(),
    )


def ivan(namespace: Namespace) -> User:
    """The IT admin of a namespace."""
    with namespace_scope(namespace.pk):
        return a_user(f"ivan-{namespace.name}", roles=["admin"])


def signed_in(user: User, *, role: str | None = None, client: Client | None = None) -> Client:
    """A browser in which the user is signed in, as one role or with all of theirs."""
    client = client or Client()
    request = HttpRequest()
    request.session = client.session
    now = timezone.now()
    scope = (
        system_scope("test builder")
        if user.namespace_id is None
        else namespace_scope(user.namespace_id)
    )
    with scope:
        sessions.open_session(
            request=request,
            user=user,
            grant=sessions.Grant(
                role=None if role is None else the_role(role),
                expires_at=now + timedelta(hours=1),
            ),
            actor=actors.for_user(user=user, role=None),
            now=now,
        )
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return client


def a_token(*scopes: str, days: int = 30) -> str:
    """The text of an API token of the open scope's namespace."""
    _, text = tokens.create(
        name="script", scopes=scopes, days=days, actor=actors.system(), now=timezone.now()
    )
    return text


def the_session(user: User) -> UserSession:
    return UserSession.objects.select_related("user", "role", "namespace").get(user=user)
