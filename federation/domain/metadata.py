"""What an identity provider's metadata says, and whether it is good enough to be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from federation.domain.saml import Certificate
from governance.kernel.refusals import FieldError, Invalid

LARGEST_METADATA = 1_000_000
LEAST_RSA_BITS = 2048


class MetadataRefused(Invalid):
    """Metadata was not accepted; the class names what is wrong with it."""

    code = "saml_metadata_refused"
    sentence = "The metadata cannot be used."

    def __init__(self, *, errors: Sequence[FieldError] = (), **values: object) -> None:
        super().__init__(errors=errors, **values)
        self.errors = self.errors or (
            FieldError(pointer="/metadata_xml", code=self.code, detail=str(self)),
        )


class MetadataTooLarge(MetadataRefused):
    code = "saml_metadata_too_large"
    sentence = "The metadata is larger than one million characters."


class MetadataNotXML(MetadataRefused):
    code = "saml_metadata_not_xml"
    sentence = "This is not plain XML in UTF-8. Document types are not accepted."


class MetadataHoldsNoProvider(MetadataRefused):
    code = "saml_metadata_no_identity_provider"
    sentence = "No identity provider is described in this document."


class EntityNotChosen(MetadataRefused):
    code = "saml_metadata_several_providers"
    sentence = "The document describes several identity providers. Say which one: {entities}."


class EntityChanged(MetadataRefused):
    code = "saml_metadata_entity_changed"
    sentence = (
        "The metadata is of another identity provider ({found}) than the one configured here. "
        "Add it as a provider of its own."
    )


class EntityUnknown(MetadataRefused):
    code = "saml_metadata_entity_unknown"
    sentence = "The document does not describe {wanted}."


class MetadataExpired(MetadataRefused):
    code = "saml_metadata_expired"
    sentence = "The metadata was valid until {until} only. Ask for its current version."


class NoSigningCertificate(MetadataRefused):
    code = "saml_metadata_no_certificate"
    sentence = (
        "The metadata holds no certificate to verify signatures with that is valid today and "
        "strong enough (RSA of 2048 bits or an elliptic curve). {why}"
    )


class NoSignInAddress(MetadataRefused):
    code = "saml_metadata_no_sign_in_address"
    sentence = "The metadata names no HTTP-Redirect or HTTP-POST address to sign in at."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """One identity provider, as its metadata describes it.

    There is no field for "assertions need not be signed": nothing in metadata can say so.
    """

    entity_id: str
    certificates: tuple[Certificate, ...]
    sso_redirect_url: str
    sso_post_url: str
    slo_url: str
    slo_response_url: str
    wants_requests_signed: bool
    valid_until: datetime | None
    remarks: tuple[str, ...]
