"""Completing a sign-in: from a posted response to a session, in one transaction.

The story: the provider may be used; the response is verified; it answers this browser's open
request; its assertion was never used; the claims give a role that trusts the provider; the
person is provisioned; the session is opened, or waits for a choice of role. Any refusal leaves
nothing behind but its line in the sign-in log.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest

from federation.domain import session_names
from federation.domain.attributes import Person
from federation.domain.landing import landing_path
from federation.domain.saml import VerifiedAssertion
from federation.models import IdentityProvider
from federation.ports import AssertionVerifier
from federation.selectors.configurations import Configuration
from federation.services import (
    fresh_proofs,
    replays,
    role_choices,
    role_grants,
    sign_in_attempts,
    sign_in_requests,
)
from federation.services.role_choices import Proof
from federation.services.role_grants import RoleGrant, Subject
from federation.services.sign_in_attempts import Arrival
from governance.isolation import batches
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.tenancy.domain.people import LONGEST_EMAIL, ProvidedPerson
from governance.tenancy.models import User, UserSource
from governance.tenancy.services import actors, identities, users

LONGEST_DISPLAY_NAME = 200
LONGEST_OBJECT_ID = 256
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a browser posted to the ACS, and what the entrance knows of it.

    `secret` is fresh: the browser gets it where it has a choice of roles to make.
    """

    saml_response: str
    relay_state: str
    browser: str
    network: str
    reference: str
    secret: str

    @property
    def arrival(self) -> Arrival:
        return Arrival(reference=self.reference, network=self.network)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where the browser goes on. `asks_for_role`: it needs the posted `secret` there."""

    path: str
    asks_for_role: bool


def complete(
    *,
    request: HttpRequest,
    configuration: Configuration,
    posted: Posted,
    verifier: AssertionVerifier,
    public_url: str,
    now: datetime,
) -> Landing:
    """Sign the person in, or let them choose a role first. Raises the refusal of a failed check."""
    provider = configuration.provider
    sign_in_requests.check_open(provider)
    with batches.gathered():
        assertion = verifier.verified_assertion(
            saml_response=posted.saml_response,
            expectation=configuration.expectation(public_url=public_url),
            now=now,
        )
        asked = sign_in_requests.answered(
            provider=provider,
            request_id=assertion.in_response_to,
            browser=posted.browser,
            now=now,
        )
        replays.use_up(assertion)
        proved_again = fresh_proofs.session_of(asked, assertion=assertion, now=now)
        grant = role_grants.granted(
            configuration=configuration, subject=Subject.of(assertion), public_url=public_url
        )
        user = _provisioned(provider, assertion, grant, network=posted.network, now=now)
        proof = _proof(provider, assertion, grant, user, now=now)
        path = (
            landing_path(target=posted.relay_state, public_url=public_url)
            if asked is None
            else asked.landing_path
        )
        role = fresh_proofs.role_to_keep(proved_again, user=user) or grant.only_role
        sign_in_attempts.accepted(
            provider=provider,
            arrival=posted.arrival,
            user=user,
            role_name="" if role is None else role.name,
            now=now,
        )
        if role is None:
            path = role_choices.offer(
                proof=proof, roles=grant.roles, landing_path=path, secret=posted.secret, now=now
            )
        else:
            role_choices.open_as(
                request=request, proof=proof, role=role, network=posted.network, now=now
            )
        fresh_proofs.replace(proved_again, now=now)
    return Landing(path=path, asks_for_role=role is None)


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
        aliases=(_object_id(grant.person),),
        username=_username(provider, assertion, grant),
        email=_email(grant.person, assertion),
        display_name=_display_name(grant.person),
    )
    actor = _entrance(network=network)
    return users.provision(person=person, roles=grant.roles, actor=actor, now=now)


def _username(provider: IdentityProvider, assertion: VerifiedAssertion, grant: RoleGrant) -> str:
    """The label that the person has, where it fits the grant: until they choose another role."""
    labels = [
        session_names.label(role=role.name, session_name=grant.session_name) for role in grant.roles
    ]
    if len(labels) == 1:
        return labels[0]
    known = identities.known_as(provider_id=provider.pk, subject=assertion.name_id)
    return known if known in labels else labels[0]


def _proof(
    provider: IdentityProvider,
    assertion: VerifiedAssertion,
    grant: RoleGrant,
    user: User,
    *,
    now: datetime,
) -> Proof:
    """It holds until the earlier of the claimed duration and the provider's own end."""
    ends = [now + timedelta(seconds=grant.claimed_seconds)]
    if assertion.session_not_on_or_after is not None:
        ends.append(assertion.session_not_on_or_after)
    return Proof(
        provider=provider,
        user=user,
        session_name=grant.session_name,
        name_id=assertion.name_id,
        name_id_format=assertion.name_id_format,
        name_qualifier=assertion.name_qualifier,
        sp_name_qualifier=assertion.sp_name_qualifier,
        session_index=assertion.session_index,
        tags=grant.tags,
        authenticated_at=min(now, assertion.authenticated_at),
        expires_at=min(ends),
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
        if len(candidate) <= LONGEST_EMAIL:
            return candidate
    return ""


def _object_id(person: Person) -> str:
    """Entra's own id of a person, which its SCIM client may send as externalId."""
    object_id = person.first("user.objectid")
    return object_id if len(object_id) <= LONGEST_OBJECT_ID and object_id.isprintable() else ""


def _display_name(person: Person) -> str:
    parts = (person.first("user.givenname"), person.first("user.surname"))
    name = person.first("user.displayname") or " ".join(filter(None, parts))
    return name[:LONGEST_DISPLAY_NAME] if name.isprintable() else ""
