"""API tokens: made and shown once, looked up by digest, revoked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from governance.audit import trail
from governance.kernel.actions import Action, scope_actions
from governance.kernel.actors import Actor
from governance.kernel.permissions import allows
from governance.kernel.refusals import FieldError, Forbidden, Invalid
from governance.tenancy.domain import tokens
from governance.tenancy.models import ApiToken, User
from governance.tenancy.services import actors, step_up

DEFAULT_DAYS = 90
MAX_DAYS = 365
SCIM_SCOPE = "scim"


class TokenInvalid(Invalid):
    code = "token_invalid"
    sentence = "The token cannot be made as asked."


class TokenExceedsMaker(Forbidden):
    code = "token_exceeds_maker"
    sentence = "A token can do no more than who makes it: {scope} goes beyond what you may."


def create(
    *,
    name: str,
    scopes: Sequence[str],
    days: int = DEFAULT_DAYS,
    provider_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A token of the open scope's namespace, and its text, which is never seen again.

    Raises TokenInvalid for an unknown scope, a bad lifetime, or a SCIM token without provider,
    TokenExceedsMaker for a scope with something that the maker may not do, AuthenticationTooOld.
    """
    step_up.require_recent(actor=actor, now=now)
    _check(scopes=scopes, days=days, provider_id=provider_id)
    for scope in scopes:
        _check_maker(scope=scope, actor=actor)
    text = tokens.generate()
    token = ApiToken.objects.create(
        name=name,
        prefix=text[: tokens.PREFIX_LENGTH],
        digest=tokens.digest(text),
        scopes=list(scopes),
        provider_id=provider_id,
        created_by_id=actor.user_id,
        expires_at=now + timedelta(days=days),
    )
    trail.record(
        actor=actor,
        action="token.created",
        target=token,
        detail={"scopes": list(scopes), "days": days},
        now=now,
    )
    return token, text


def revoke(*, token: ApiToken, actor: Actor, now: datetime) -> ApiToken:
    """End a token at once. Revoking twice keeps the first time."""
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        trail.record(actor=actor, action="token.revoked", target=token, now=now)
    return token


def live(*, token_id: UUID, now: datetime) -> ApiToken | None:
    """The token, if it may still act. Needs its scope. Notes the use, at most once a minute.

    It ends with its maker's account, and rests while its maker may not do all that it may. A SCIM
    token is spared the second: it is the directory's, and must go on when an administrator goes.
    All of a namespace's rest while it is not open.
    """
    token = ApiToken.objects.select_related("namespace", "created_by").filter(pk=token_id).first()
    if token is None or not token.is_live(at=now):
        return None
    if token.namespace is not None and not token.namespace.is_open:
        return None
    if token.created_by is not None and _exceeds(token, maker=token.created_by):
        return None
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def live_of(user_id: UUID, *, now: datetime) -> QuerySet[ApiToken]:
    """The tokens that a person made and that still work."""
    return ApiToken.objects.filter(
        created_by_id=user_id, revoked_at__isnull=True, expires_at__gt=now
    ).order_by("name")


def revoke_of(*, user_id: UUID, actor: Actor, now: datetime) -> int:
    """End every token that a person made; returns how many there were."""
    found = list(live_of(user_id, now=now))
    for token in found:
        revoke(token=token, actor=actor, now=now)
    return len(found)


def _exceeds(token: ApiToken, *, maker: User) -> bool:
    """Whether the token may do more than its maker may now."""
    if not maker.is_active:
        return True
    actor = actors.for_user(user=maker, role=None)
    try:
        for scope in token.scopes:
            if scope != SCIM_SCOPE:
                _check_maker(scope=scope, actor=actor)
    except TokenExceedsMaker:
        return True
    return False


def _check_maker(*, scope: str, actor: Actor) -> None:
    """Managing namespaces is left out: it does nothing in a token that belongs to one."""
    if scope == SCIM_SCOPE:
        granted = frozenset({Action.MANAGE_IDENTITY_PROVIDERS})
    else:
        granted = scope_actions(scope) - {Action.MANAGE_NAMESPACES}
    if not all(allows(actor=actor, action=action) for action in granted):
        raise TokenExceedsMaker(scope=scope)


def _check(*, scopes: Sequence[str], days: int, provider_id: UUID | None) -> None:
    errors = []
    if not scopes:
        errors.append(FieldError("/scopes", "required", "Name at least one scope."))
    for index, scope in enumerate(scopes):
        if scope == SCIM_SCOPE:
            continue
        try:
            scope_actions(scope)
        except ValueError:
            detail = f"{scope!r} is no scope. Write <area>:read or <area>:write, or scim."
            errors.append(FieldError(f"/scopes/{index}", "invalid", detail))
    if SCIM_SCOPE in scopes and (len(scopes) > 1 or provider_id is None):
        detail = "A SCIM token has the scope scim alone and names its identity provider."
        errors.append(FieldError("/scopes", "invalid", detail))
    if not 1 <= days <= MAX_DAYS:
        errors.append(FieldError("/days", "invalid", f"Choose 1 to {MAX_DAYS} days."))
    if errors:
        raise TokenInvalid(errors=errors)
