"""Identity providers as the domain wants them: addresses, expectations, rules."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from federation.domain.attributes import UserType
from federation.domain.claim_rows import steps
from federation.domain.claims import ClaimRule, Source
from federation.domain.logouts import LogoutExpectation
from federation.domain.saml import Certificate, Expectation, ServiceProvider
from federation.models import ClaimRule as ClaimRuleRow, IdentityProvider
from federation.selectors import own_keys
from governance.kernel.arns import saml_provider_arn
from governance.kernel.personal import Personal
from governance.tenancy.models import NamespaceStatus


def named(name: str) -> IdentityProvider | None:
    return IdentityProvider.objects.select_related("namespace").filter(name=name).first()


def enabled() -> QuerySet[IdentityProvider]:
    """Those that people may choose from at the sign-in page; none where nobody is let in."""
    providers = IdentityProvider.objects.select_related("namespace").filter(enabled=True)
    open_now = providers.filter(namespace__status=NamespaceStatus.CREATED)
    return open_now.order_by("display_name", "name")


def arn(provider: IdentityProvider) -> str:
    return saml_provider_arn(account_id=provider.namespace.account_id, name=provider.name)


def service_provider(provider: IdentityProvider, *, public_url: str) -> ServiceProvider:
    return ServiceProvider.at(
        public_url=public_url, namespace=provider.namespace.name, provider=provider.name
    )


def certificates(provider: IdentityProvider) -> tuple[Certificate, ...]:
    return tuple(
        Certificate(
            pem=row.pem,
            fingerprint=row.fingerprint,
            subject=row.subject,
            not_before=row.not_before,
            not_after=row.not_after,
        )
        for row in provider.certificates.order_by("-not_after", "id")
    )


def expectation(provider: IdentityProvider, *, public_url: str) -> Expectation:
    """What a response to this provider's ACS must meet."""
    return expected_by(
        provider,
        certificates=certificates(provider),
        opening_keys=own_keys.opening(provider),
        public_url=public_url,
    )


def expected_by(
    provider: IdentityProvider,
    *,
    certificates: tuple[Certificate, ...],
    opening_keys: tuple[Personal[str], ...],
    public_url: str,
) -> Expectation:
    """As `expectation`, where certificates and keys have been read."""
    own = service_provider(provider, public_url=public_url)
    return Expectation(
        idp_entity_id=provider.entity_id,
        certificates=certificates,
        sp_entity_id=own.entity_id,
        acs_url=own.acs_url,
        want_messages_signed=provider.want_messages_signed,
        max_validity=timedelta(seconds=provider.max_validity_seconds),
        clock_skew=timedelta(seconds=provider.clock_skew_seconds),
        opening_keys=opening_keys,
        want_assertions_encrypted=provider.want_assertions_encrypted,
    )


def logout_expectation(provider: IdentityProvider, *, public_url: str) -> LogoutExpectation:
    """What a logout message must meet. Entra signs them under a second name."""
    return LogoutExpectation(
        issuers=frozenset(filter(None, (provider.entity_id, provider.issuer_alias))),
        certificates=certificates(provider),
        sls_url=service_provider(provider, public_url=public_url).sls_url,
        clock_skew=timedelta(seconds=provider.clock_skew_seconds),
    )


def claim_rules(provider: IdentityProvider) -> Sequence[ClaimRule]:
    return [rule_of(row) for row in provider.claim_rules.order_by("position", "id")]


def rule_of(row: ClaimRuleRow) -> ClaimRule:
    """The row as the domain evaluates it. Raises ClaimRuleInvalid for unknown functions."""
    return ClaimRule(
        claim=row.claim,
        position=row.position,
        user_type=UserType(row.user_type),
        groups=frozenset(row.groups),
        source=Source(row.source),
        value=row.value,
        steps=steps(row.transformations),
        rule_id=str(row.pk),
    )
