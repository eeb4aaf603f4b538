"""A verified sign-in becomes a session: at once in its only role, or in the one that is chosen.

Several roles wait as a row for a few minutes, for the browser that brought the proof and once.
Nothing that comes back from the browser but the choice itself is believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from federation.domain import session_names
from federation.domain.digests import digest_of
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider, RoleChoice
from federation.services import sign_in_requests
from governance.tenancy.models import Role, RoleBinding, User, UserSession
from governance.tenancy.services import actors, sessions, users

CHOICE_LIFE = timedelta(minutes=5)


class ChoiceUnknown(ResponseRefused):
    code = "saml_choice_unknown"
    sentence = "This sign-in waits for no choice of role any more. Begin again."
    check = "role"


class ChoiceNotOffered(ResponseRefused):
    code = "saml_choice_not_offered"
    sentence = "This role was not offered by your sign-in. Begin again."
    check = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a verified assertion proved about a person, ready to become a session."""

    provider: IdentityProvider
    user: User
    session_name: str = field(repr=False)
    name_id: str = field(repr=False)
    name_id_format: str
    name_qualifier: str
    sp_name_qualifier: str
    session_index: str
    tags: Mapping[str, str] = field(repr=False)
    authenticated_at: datetime
    expires_at: datetime


def offer(
    *, proof: Proof, roles: Sequence[Role], landing_path: str, secret: str, now: datetime
) -> str:
    """Keep the proof until its person chose, and return the path of the page that asks."""
    RoleChoice.objects.filter(expires_at__lte=now).delete()
    RoleChoice.objects.create(
        identity_provider=proof.provider,
        user=proof.user,
        secret_digest=digest_of(secret),
        role_ids=[str(role.pk) for role in roles],
        session_name=proof.session_name,
        name_id=proof.name_id,
        name_id_format=proof.name_id_format,
        name_qualifier=proof.name_qualifier,
        sp_name_qualifier=proof.sp_name_qualifier,
        session_index=proof.session_index,
        tags=dict(proof.tags),
        authenticated_at=proof.authenticated_at,
        proof_expires_at=proof.expires_at,
        landing_path=landing_path,
        expires_at=now + CHOICE_LIFE,
    )
    return f"/saml/{proof.provider.namespace.name}/{proof.provider.name}/role/"


def waiting(*, provider: IdentityProvider, secret: str, now: datetime) -> RoleChoice:
    """The sign-in of this browser that waits. Raises ChoiceUnknown."""
    rows = RoleChoice.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(
        identity_provider=provider,
        secret_digest=digest_of(secret),
        expires_at__gt=now,
        proof_expires_at__gt=now,
    ).first()
    if row is None or not secret:
        raise ChoiceUnknown
    return row


def offered(choice: RoleChoice) -> QuerySet[Role]:
    """The roles to choose from: those that were proved and are still bound to the person."""
    bound = RoleBinding.objects.filter(
        user_id=choice.user_id, provider_id=choice.identity_provider_id
    )
    roles = Role.objects.filter(pk__in=choice.role_ids).filter(pk__in=bound.values("role_id"))
    return roles.order_by("name")


def last_of(user: User) -> UUID | None:
    """The role of the person's latest session, to show it first."""
    rows = UserSession.objects.filter(user=user, role__isnull=False).order_by("-created_at")
    return rows.values_list("role_id", flat=True).first()


def choose(
    *, request: HttpRequest, choice: RoleChoice, role_id: UUID, network: str, now: datetime
) -> str:
    """Open the session in the chosen role, use the choice up, and return where to land."""
    sign_in_requests.check_open(choice.identity_provider)
    role = offered(choice).filter(pk=role_id).first()
    if role is None:
        raise ChoiceNotOffered
    if not choice.user.is_active:
        raise users.UserInactive
    proof = Proof(
        provider=choice.identity_provider,
        user=choice.user,
        session_name=choice.session_name,
        name_id=choice.name_id,
        name_id_format=choice.name_id_format,
        name_qualifier=choice.name_qualifier,
        sp_name_qualifier=choice.sp_name_qualifier,
        session_index=choice.session_index,
        tags=choice.tags,
        authenticated_at=choice.authenticated_at,
        expires_at=choice.proof_expires_at,
    )
    path = choice.landing_path
    choice.delete()
    open_as(request=request, proof=proof, role=role, network=network, now=now)
    return path


def open_as(
    *, request: HttpRequest, proof: Proof, role: Role, network: str, now: datetime
) -> UserSession:
    """The session of a proof in one of its roles; the person is called so from now on."""
    label = session_names.label(role=role.name, session_name=proof.session_name)
    user = users.call(user=proof.user, username=label)
    return sessions.open_session(
        request=request,
        user=user,
        grant=sessions.Grant(
            role=role,
            expires_at=proof.expires_at,
            authenticated_at=proof.authenticated_at,
            provider_id=proof.provider.pk,
            name_id=proof.name_id,
            name_id_format=proof.name_id_format,
            name_qualifier=proof.name_qualifier,
            sp_name_qualifier=proof.sp_name_qualifier,
            session_index=proof.session_index,
            tags=proof.tags,
        ),
        actor=actors.arriving(user=user, role=role, network=network),
        now=now,
    )
