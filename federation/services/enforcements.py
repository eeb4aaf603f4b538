"""Single sign-on only: a namespace whose local users cannot sign in by password.

It begins with a proof that the provider works, and it has two ways around: a break-glass
account, whose every use is mailed and audited, and `manage.py recover_access` for the operator.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from federation.domain.digests import digest_of
from federation.models import IdentityProvider, OneTimePassword, SingleSignOnEnforcement
from federation.selectors import administrators
from federation.services import notices
from federation.services.sign_in_requests import NamespaceClosed
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Conflict, FieldError, Forbidden, Invalid
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.domain.presets import Preset
from governance.tenancy.models import (
    Namespace,
    NamespaceStatus,
    Role,
    User,
    UserSession,
    UserSource,
)
from governance.tenancy.services import step_up, users, ways_in

ONE_TIME_LIFE = timedelta(hours=1)
PASSWORD_BYTES = 18


class ProviderNotProved(Conflict):
    code = "identity_provider_not_proved"
    sentence = (
        "Nobody has signed in through {name} as it is configured now. Enable it and run "
        "Test this application first, so that nobody is locked out."
    )


class ProviderEnforced(Conflict):
    code = "identity_provider_enforced"
    sentence = (
        "{name} is the only way into this namespace. Allow passwords again first, then change it."
    )


class BreakGlassUnfit(Invalid):
    code = "break_glass_unfit"
    sentence = (
        "The break-glass account must be an active local user with a lasting password, who may "
        "manage identity providers."
    )


class BreakGlassNeeded(Conflict):
    code = "break_glass_needed"
    sentence = (
        "{login_name} is the break-glass account of this namespace: the one local administrator "
        "who can still sign in when the identity provider is down. Name another account on the "
        "identity provider's page, or allow passwords again there, then do this."
    )


class PasswordSignInClosed(Forbidden):
    code = "password_sign_in_closed"
    sentence = (
        "This namespace is entered through its identity provider only. Use single sign-on; if "
        "it is down, ask the holder of the break-glass account or the operator."
    )


class OneTimePasswordOver(Forbidden):
    code = "one_time_password_over"
    sentence = "This one-time password was used or is too old. Ask the operator for another."


def current() -> SingleSignOnEnforcement | None:
    """The enforcement of the open scope's namespace."""
    rows = SingleSignOnEnforcement.objects.select_related("identity_provider", "break_glass_user")
    return rows.first()


def is_enforced(provider: IdentityProvider) -> bool:
    return SingleSignOnEnforcement.objects.filter(identity_provider_id=provider.pk).exists()


def check_not_enforced(provider: IdentityProvider) -> None:
    """Raises ProviderEnforced where the namespace has no other way in."""
    if is_enforced(provider):
        raise ProviderEnforced(name=provider.name)


def enforce(
    *, provider: IdentityProvider, break_glass_user: User, actor: Actor, now: datetime
) -> SingleSignOnEnforcement:
    """From now on the namespace is entered through its providers, and by break-glass.

    Ends the password sessions of the others; whoever switches it on keeps theirs. Once more
    for the same provider, it names another break-glass account, which takes no new proof.
    """
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        ways_in.hold()
        row = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        if not _is_fit(break_glass_user.pk):
            detail = BreakGlassUnfit.sentence
            raise BreakGlassUnfit(
                errors=[FieldError(pointer="/break_glass_user", code="unfit", detail=detail)]
            )
        if not is_enforced(row) and (not row.enabled or row.proved_at is None):
            raise ProviderNotProved(name=row.name)
        enforcement, _ = SingleSignOnEnforcement.objects.update_or_create(
            namespace_id=row.namespace_id,
            defaults={"identity_provider": row, "break_glass_user": break_glass_user},
        )
        by_password = UserSession.objects.filter(
            ended_at__isnull=True, provider_id__isnull=True, user__source=UserSource.LOCAL
        )
        keeping = {break_glass_user.pk, actor.user_id}
        by_password.filter(user__namespace_id=row.namespace_id).exclude(
            user_id__in=[one for one in keeping if one is not None]
        ).update(ended_at=now, end_reason="single sign-on enforced")
        trail.record(
            actor=actor,
            action="single_sign_on.enforced",
            target=row,
            detail={"name": row.name, "break_glass_user_id": str(break_glass_user.pk)},
            now=now,
        )
    return enforcement


@contextmanager
def keeping_break_glass() -> Iterator[None]:
    """Around a change to people, roles or policies: raises BreakGlassNeeded if it breaks that way.

    An account that was unfit before is no reason to refuse anything: it might be the mending.
    """
    enforcement = current()
    holder = None if enforcement is None else enforcement.break_glass_user
    was_fit = holder is not None and _is_fit(holder.pk)
    yield
    if holder is not None and was_fit and not _is_fit(holder.pk):
        raise BreakGlassNeeded(login_name=holder.login_name or holder.username)


def _is_fit(user_id: UUID) -> bool:
    """An active local user who can sign in by password more than once, and may undo all this."""
    user = User.objects.filter(pk=user_id, source=UserSource.LOCAL, is_active=True).first()
    if user is None or not user.has_usable_password():
        return False
    once = OneTimePassword.objects.filter(user=user, digest=digest_of(user.password))
    return not once.exists() and administrators.may_manage(user)


def lift(*, provider: IdentityProvider, actor: Actor, now: datetime) -> None:
    """Allow passwords again. Nothing happens where they are."""
    step_up.require_recent(actor=actor, now=now)
    removed, _ = SingleSignOnEnforcement.objects.filter(identity_provider=provider).delete()
    if removed:
        trail.record(actor=actor, action="single_sign_on.lifted", target=provider, now=now)


def admit(*, user: User, network: str, actor: Actor, now: datetime) -> None:
    """The gate behind a right password. Raises PasswordSignInClosed or OneTimePasswordOver.

    Works in the scope of the user's namespace; platform administrators belong to none.
    """
    if user.namespace_id is None:
        return
    if not Namespace.objects.filter(status=NamespaceStatus.CREATED).exists():
        raise NamespaceClosed
    once = OneTimePassword.objects.filter(user=user).first()
    if once is not None and once.digest == digest_of(user.password):
        _use_up(once, user, actor=actor, now=now)
    elif not User.objects.filter(pk=user.pk, password=user.password).exists():
        # It was right a moment ago: another sign-in has used up that one-time password since.
        raise OneTimePasswordOver
    enforcement = current()
    if enforcement is None:
        return
    if enforcement.break_glass_user_id != user.pk:
        raise PasswordSignInClosed
    event = trail.record(actor=actor, action="break_glass.used", target=user, now=now)
    notices.break_glass_used(
        login_name=user.login_name or "", network=network, key=f"break-glass:{event.pk}"
    )


def _use_up(once: OneTimePassword, user: User, *, actor: Actor, now: datetime) -> None:
    """One sign-in, then the password is none: the row decides between two at once."""
    removed, _ = OneTimePassword.objects.filter(pk=once.pk).delete()
    if not removed or once.expires_at <= now:
        raise OneTimePasswordOver
    user.set_unusable_password()
    user.save(update_fields=["password", "updated_at"])
    trail.record(actor=actor, action="one_time_password.used", target=user, now=now)


def recover(*, login_name: str, actor: Actor, now: datetime) -> str:
    """Passwords are allowed again; with a login name also a password for one sign-in.

    The local admin is made where there is none of that name. Every IT admin is mailed.
    """
    password = ""
    with transaction.atomic():
        enforcement = current()
        if enforcement is not None:
            lift(provider=enforcement.identity_provider, actor=actor, now=now)
        if login_name:
            password = secrets.token_urlsafe(PASSWORD_BYTES)
            _give(login_name, password, actor=actor, now=now)
        notices.access_recovered(
            was_enforced=enforcement is not None, login_name=login_name, key=f"recover:{new_id()}"
        )
        trail.record(
            actor=actor,
            action="access.recovered",
            detail={"was_enforced": enforcement is not None, "one_time_password": bool(password)},
            now=now,
        )
    return password


def _give(login_name: str, password: str, *, actor: Actor, now: datetime) -> User:
    user = User.objects.filter(login_name=login_name, source=UserSource.LOCAL).first()
    if user is None:
        person = LocalPerson(login_name=login_name, email="", display_name="")
        roles = list(Role.objects.filter(name=Preset.ADMIN.value))
        user = users.create_local(
            person=person, password=password, roles=roles, actor=actor, now=now
        )
    else:
        if not user.is_active:
            user = users.set_active(user=user, active=True, actor=actor, now=now)
        user = users.set_password(user=user, password=password, actor=actor, now=now)
    OneTimePassword.objects.update_or_create(
        user=user, defaults={"digest": digest_of(user.password), "expires_at": now + ONE_TIME_LIFE}
    )
    return user
