"""From what a provider says about a person to the roles, name and time they get here.

One function for the real sign-in and for the simulator, so that they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from federation.domain import claims as claim_rules, session_names, trust
from federation.domain.attributes import Person, near_names, person as person_from
from federation.domain.claims import Claims
from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.domain.session_names import NoRoleClaimed
from federation.models import IdentityProvider
from federation.selectors import identity_providers
from federation.selectors.configurations import Configuration
from governance.kernel.refusals import Refusal
from governance.tenancy.models import Role


class RoleUnknown(ResponseRefused):
    code = "saml_role_unknown"
    sentence = "There is no role named {role} in this namespace. {hint}"
    check = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a verified assertion (or a simulation) says about a person."""

    issuer: str
    name_id: str = field(repr=False)
    name_id_format: str
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, assertion: VerifiedAssertion) -> "Subject":
        return cls(
            issuer=assertion.issuer,
            name_id=assertion.name_id,
            name_id_format=assertion.name_id_format,
            attributes=assertion.attributes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """What a person gets. Of several roles they choose one; the rest is told for the first.

    `claimed_seconds` is what the provider asks for; a role's own maximum may be less.
    """

    person: Person
    roles: tuple[Role, ...]
    session_name: str = field(repr=False)
    username: str = field(repr=False)
    session_seconds: int
    claimed_seconds: int
    tags: Mapping[str, str] = field(repr=False)

    @property
    def only_role(self) -> Role | None:
        """The role, where there is nothing to choose."""
        return self.roles[0] if len(self.roles) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Rule by rule, what happened; then the grant, or the refusal that stood in its way."""

    claims: Claims | None
    grant: RoleGrant | None
    refusal: Refusal | None


def explained(*, configuration: Configuration, subject: Subject, public_url: str) -> Explanation:
    """As `granted`, but a refusal is part of the answer. Changes nothing."""
    claims: Claims | None = None
    try:
        person = _person(configuration.provider, subject)
        claims = claim_rules.evaluated(rules=configuration.rules, person=person)
        grant = _grant(configuration, subject, person, claims, public_url=public_url)
    except Refusal as refusal:
        return Explanation(claims=claims, grant=None, refusal=refusal)
    return Explanation(claims=claims, grant=grant, refusal=None)


def granted(*, configuration: Configuration, subject: Subject, public_url: str) -> RoleGrant:
    """Raises the ResponseRefused of the first thing that does not hold."""
    explanation = explained(configuration=configuration, subject=subject, public_url=public_url)
    if explanation.grant is not None:
        return explanation.grant
    refusal = explanation.refusal or NoRoleClaimed()
    if isinstance(refusal, ResponseRefused):
        refusal.explanation = explanation
    raise refusal


def _person(provider: IdentityProvider, subject: Subject) -> Person:
    return person_from(
        name_id=subject.name_id,
        attributes=subject.attributes,
        groups_attribute=provider.groups_attribute,
    )


def _grant(
    configuration: Configuration,
    subject: Subject,
    person: Person,
    claims: Claims,
    *,
    public_url: str,
) -> RoleGrant:
    provider = configuration.provider
    arn = identity_providers.arn(provider)
    account_id = provider.namespace.account_id
    asked = session_names.grant(claims=claims, account_id=account_id, provider_arn=arn)
    context = trust.context(
        acs_url=identity_providers.service_provider(provider, public_url=public_url).acs_url,
        issuer=subject.issuer,
        name_id=subject.name_id,
        name_id_format=subject.name_id_format,
        account_id=account_id,
        provider_name=provider.name,
    )
    roles = tuple(_role(configuration, name) for name in asked.role_names)
    named_by_provider = "Role" in claims.from_assertion
    for role in roles:
        if named_by_provider and not role.trust_policy:
            raise trust.RoleNotEntrusted(role=role.name)
        if not trust.trusts(trust_policy=role.trust_policy, provider_arn=arn, context=context):
            raise trust.RoleNotTrusting(role=role.name)
    first = roles[0]
    return RoleGrant(
        person=person,
        roles=roles,
        session_name=asked.session_name,
        username=session_names.label(role=first.name, session_name=asked.session_name),
        session_seconds=min(asked.session_seconds, first.max_session_seconds),
        claimed_seconds=asked.session_seconds,
        tags=asked.tags,
    )


def _role(configuration: Configuration, name: str) -> Role:
    """By exact name. One that differs in case is named in the refusal, never taken."""
    role = configuration.role(name)
    if role is not None:
        return role
    near = Role.objects.filter(name__iexact=name).first()
    hint = "" if near is None else f"The role {near.name} differs from it only in case."
    raise RoleUnknown(role=name, hint=hint or "Make it, or correct the rule.")


def notes(
    *, provider: IdentityProvider, subject: Subject, explanation: Explanation
) -> tuple[str, ...]:
    """What is no error and still worth a look: names that differ in case, and open roles."""
    rules = [] if explanation.claims is None else [one.rule for one in explanation.claims.outcomes]
    wanted = {rule.value for rule in rules} | {provider.groups_attribute}
    found = [
        f"The attribute {sent} differs only in case from {known}: it is not read as that."
        for sent, known in near_names(sent=subject.attributes, wanted=wanted)
    ]
    roles = () if explanation.grant is None else explanation.grant.roles
    found.extend(
        f"The role {role.name} has no trust policy: the rules of every provider of this "
        "namespace may give it."
        for role in roles
        if not role.trust_policy
    )
    return tuple(found)
