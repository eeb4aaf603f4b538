"""Completing a sign-in: from a posted response to a session, in one transaction.

The story: the provider may be used; the response is verified; it answers this browser's open
request; its assertion was never used; the claims give a role that trusts the provider; the
person is provisioned; the session is opened. Any refusal leaves nothing behind but its line in
the sign-in log.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from federation.domain.attributes import Person
from federation.domain.landing import landing_path
from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.models import ConsumedAssertion, IdentityProvider, SignInAttempt
from federation.ports import AssertionVerifier
from federation.selectors import identity_providers
from federation.services import role_grants, sign_in_requests
from federation.services.role_grants import RoleGrant, Subject
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import NamespaceStatus, User, UserSource
from governance.tenancy.services import actors, sessions, users

LONGEST_DISPLAY_NAME = 200
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
ATTEMPTS_KEPT = timedelta(days=90)
REFUSALS_KEPT_A_MINUTE = 30


class AssertionReplayed(ResponseRefused):
    code = "saml_assertion_replayed"
    sentence = "This sign-in response was used already. Begin again."
    check = "replay"


class NamespaceClosed(ResponseRefused):
    code = "saml_namespace_closed"
    sentence = "Nobody can sign in to this namespace now."
    check = "namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a browser posted to the ACS, and what the entrance knows of it."""

    saml_response: str
    relay_state: str
    browser: str
    network: str
    reference: str


def complete(
    *,
    request: HttpRequest,
    provider: IdentityProvider,
    posted: Posted,
    verifier: AssertionVerifier,
    public_url: str,
    now: datetime,
) -> str:
    """Sign the person in and return the path to land on. Raises the refusal of a failed check."""
    sign_in_requests.check_open(provider)
    if provider.namespace.status != NamespaceStatus.CREATED:
        raise NamespaceClosed
    with transaction.atomic():
        assertion = verifier.verified_assertion(
            saml_response=posted.saml_response,
            expectation=identity_providers.expectation(provider, public_url=public_url),
            now=now,
        )
        asked = sign_in_requests.answered(
            provider=provider,
            request_id=assertion.in_response_to,
            browser=posted.browser,
            now=now,
        )
        _use_up(assertion, now=now)
        grant = role_grants.granted(
            provider=provider, subject=_subject(assertion), public_url=public_url
        )
        user = _provisioned(provider, assertion, grant, network=posted.network, now=now)
        _open(request, provider, assertion, grant, user, network=posted.network, now=now)
        _log(provider, posted, user=user, role_name=grant.roles[0].name, now=now)
    if asked is not None:
        return asked.landing_path
    return landing_path(target=posted.relay_state, public_url=public_url)


def refused(*, provider: IdentityProvider, posted: Posted, refusal: Refusal, now: datetime) -> str:
    """Keep a refusal and return the reference to show; empty where it was not kept.

    Strangers write here, so a network has a budget, and the append-only trail is not for them.
    """
    minute = SignInAttempt.objects.filter(
        identity_provider=provider,
        at__gt=now - timedelta(minutes=1),
        outcome=SignInAttempt.Outcome.REFUSED,
        network=posted.network,
    )
    if minute.count() >= REFUSALS_KEPT_A_MINUTE:
        return ""
    SignInAttempt.objects.create(
        identity_provider=provider,
        reference=posted.reference,
        outcome=SignInAttempt.Outcome.REFUSED,
        code=refusal.code,
        explanation=str(refusal),
        network=posted.network,
        at=now,
    )
    return posted.reference


def _use_up(assertion: VerifiedAssertion, *, now: datetime) -> None:
    """Remember the assertion until time alone refuses it. The unique row decides races."""
    text = f"{len(assertion.issuer)}:{assertion.issuer}{assertion.assertion_id}"
    ConsumedAssertion.objects.filter(expires_at__lte=now).delete()
    try:
        with transaction.atomic():
            ConsumedAssertion.objects.create(
                digest=hashlib.sha256(text.encode()).hexdigest(),
                expires_at=assertion.usable_until,
            )
    except IntegrityError as error:
        raise AssertionReplayed from error


def _subject(assertion: VerifiedAssertion) -> Subject:
    return Subject(
        issuer=assertion.issuer,
        name_id=assertion.name_id,
        name_id_format=assertion.name_id_format,
        attributes=assertion.attributes,
    )


def _provisioned(
    provider: IdentityProvider,
    assertion: VerifiedAssertion,
    grant: RoleGrant,
    *,
    network: str,
    now: datetime,
) -> User:
    person = ProvidedPerson(
        source=UserSource.SAML,
        provider_id=provider.pk,
        subject=assertion.name_id,
        username=grant.username,
        email=_email(grant.person, assertion),
        display_name=_display_name(grant.person),
    )
    actor = _entrance(network=network)
    return users.provision(person=person, roles=grant.roles, actor=actor, now=now)


def _open(  # noqa: PLR0913 - the parts of a sign-in, once
    request: HttpRequest,
    provider: IdentityProvider,
    assertion: VerifiedAssertion,
    grant: RoleGrant,
    user: User,
    *,
    network: str,
    now: datetime,
) -> None:
    """Until the earliest of the claimed duration, the provider's own end and the role's maximum."""
    ends = [now + timedelta(seconds=grant.session_seconds)]
    if assertion.session_not_on_or_after is not None:
        ends.append(assertion.session_not_on_or_after)
    role = grant.roles[0]
    sessions.open_session(
        request=request,
        user=user,
        grant=sessions.Grant(
            role=role,
            expires_at=min(ends),
            provider_id=provider.pk,
            name_id=assertion.name_id,
            session_index=assertion.session_index,
            tags=grant.tags,
        ),
        actor=actors.for_user(user=user, role=role, network=network, authenticated_at=now),
        now=now,
    )


def _log(
    provider: IdentityProvider, posted: Posted, *, user: User, role_name: str, now: datetime
) -> None:
    SignInAttempt.objects.filter(at__lte=now - ATTEMPTS_KEPT).delete()
    SignInAttempt.objects.create(
        identity_provider=provider,
        reference=posted.reference,
        outcome=SignInAttempt.Outcome.ACCEPTED,
        user=user,
        role_name=role_name,
        network=posted.network,
        at=now,
    )


def _entrance(*, network: str) -> Actor:
    """Nobody has signed in yet: the service itself acts, for a network."""
    return replace(actors.system(current_namespace_id()), network=network)


def _email(person: Person, assertion: VerifiedAssertion) -> str:
    name_id = assertion.name_id if assertion.name_id_format == EMAIL_FORMAT else ""
    for candidate in (person.first("user.mail"), name_id):
        try:
            validate_email(candidate)
        except ValidationError:
            continue
        return candidate
    return ""


def _display_name(person: Person) -> str:
    parts = (person.first("user.givenname"), person.first("user.surname"))
    name = person.first("user.displayname") or " ".join(filter(None, parts))
    return name[:LONGEST_DISPLAY_NAME] if name.isprintable() else ""
