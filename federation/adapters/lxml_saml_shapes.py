"""The one shape of each message that is accepted: which element may stand in which.

From the SAML 2.0 core and the web browser profile, less what no sign-in needs (Advice,
Extensions, Object, encrypted names and attributes, authorization decisions). What may stand in
an encrypted assertion is in `lxml_saml_encryption`.
"""

from federation.domain.saml import (
    ASSERTION_NS,
    ENCRYPTION_11_NS,
    ENCRYPTION_NS,
    EXCLUSIVE_C14N,
    PROTOCOL_NS,
    SIGNATURE_NS,
)


def saml(name: str) -> str:
    return f"{{{ASSERTION_NS}}}{name}"


def samlp(name: str) -> str:
    return f"{{{PROTOCOL_NS}}}{name}"


def ds(name: str) -> str:
    return f"{{{SIGNATURE_NS}}}{name}"


def xenc(name: str) -> str:
    return f"{{{ENCRYPTION_NS}}}{name}"


def xenc11(name: str) -> str:
    return f"{{{ENCRYPTION_11_NS}}}{name}"


INCLUSIVE_NAMESPACES = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"

CHILDREN: dict[str, frozenset[str]] = {
    samlp("Response"): frozenset(
        {
            saml("Issuer"),
            ds("Signature"),
            samlp("Status"),
            saml("Assertion"),
            saml("EncryptedAssertion"),
        }
    ),
    samlp("LogoutRequest"): frozenset(
        {saml("Issuer"), ds("Signature"), saml("NameID"), samlp("SessionIndex")}
    ),
    samlp("LogoutResponse"): frozenset({saml("Issuer"), ds("Signature"), samlp("Status")}),
    samlp("SessionIndex"): frozenset(),
    samlp("Status"): frozenset(
        {samlp("StatusCode"), samlp("StatusMessage"), samlp("StatusDetail")}
    ),
    samlp("StatusCode"): frozenset({samlp("StatusCode")}),
    samlp("StatusMessage"): frozenset(),
    samlp("StatusDetail"): frozenset(),
    saml("Issuer"): frozenset(),
    saml("Assertion"): frozenset(
        {
            saml("Issuer"),
            ds("Signature"),
            saml("Subject"),
            saml("Conditions"),
            saml("AuthnStatement"),
            saml("AttributeStatement"),
        }
    ),
    saml("Subject"): frozenset({saml("NameID"), saml("SubjectConfirmation")}),
    saml("NameID"): frozenset(),
    saml("SubjectConfirmation"): frozenset({saml("SubjectConfirmationData")}),
    saml("SubjectConfirmationData"): frozenset(),
    saml("Conditions"): frozenset(
        {saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")}
    ),
    saml("AudienceRestriction"): frozenset({saml("Audience")}),
    saml("OneTimeUse"): frozenset(),
    saml("ProxyRestriction"): frozenset({saml("Audience")}),
    saml("Audience"): frozenset(),
    saml("AuthnStatement"): frozenset({saml("SubjectLocality"), saml("AuthnContext")}),
    saml("SubjectLocality"): frozenset(),
    saml("AuthnContext"): frozenset(
        {
            saml("AuthnContextClassRef"),
            saml("AuthnContextDeclRef"),
            saml("AuthenticatingAuthority"),
        }
    ),
    saml("AuthnContextClassRef"): frozenset(),
    saml("AuthnContextDeclRef"): frozenset(),
    saml("AuthenticatingAuthority"): frozenset(),
    saml("AttributeStatement"): frozenset({saml("Attribute")}),
    saml("Attribute"): frozenset({saml("AttributeValue")}),
    saml("AttributeValue"): frozenset(),
    ds("Signature"): frozenset({ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")}),
    ds("SignedInfo"): frozenset(
        {ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")}
    ),
    ds("CanonicalizationMethod"): frozenset({INCLUSIVE_NAMESPACES}),
    ds("SignatureMethod"): frozenset(),
    ds("Reference"): frozenset({ds("Transforms"), ds("DigestMethod"), ds("DigestValue")}),
    ds("Transforms"): frozenset({ds("Transform")}),
    ds("Transform"): frozenset({INCLUSIVE_NAMESPACES}),
    INCLUSIVE_NAMESPACES: frozenset(),
    ds("DigestMethod"): frozenset(),
    ds("DigestValue"): frozenset(),
    ds("SignatureValue"): frozenset(),
    ds("KeyInfo"): frozenset({ds("X509Data")}),
    ds("X509Data"): frozenset({ds("X509Certificate")}),
    ds("X509Certificate"): frozenset(),
}

REPEATABLE: frozenset[tuple[str, str]] = frozenset(
    {
        (saml("Subject"), saml("SubjectConfirmation")),
        (saml("Conditions"), saml("AudienceRestriction")),
        (saml("AudienceRestriction"), saml("Audience")),
        (saml("ProxyRestriction"), saml("Audience")),
        (saml("AuthnContext"), saml("AuthenticatingAuthority")),
        (saml("Assertion"), saml("AttributeStatement")),
        (saml("AttributeStatement"), saml("Attribute")),
        (saml("Attribute"), saml("AttributeValue")),
        (samlp("LogoutRequest"), samlp("SessionIndex")),
        (ds("Transforms"), ds("Transform")),
        (ds("X509Data"), ds("X509Certificate")),
    }
)

TEXT_HOLDERS: frozenset[str] = frozenset(
    {
        saml("Issuer"),
        saml("NameID"),
        saml("Audience"),
        saml("AttributeValue"),
        saml("AuthnContextClassRef"),
        saml("AuthnContextDeclRef"),
        saml("AuthenticatingAuthority"),
        samlp("StatusMessage"),
        samlp("SessionIndex"),
        ds("DigestValue"),
        ds("SignatureValue"),
        ds("X509Certificate"),
    }
)

CONTAINERS: frozenset[str] = frozenset(CHILDREN) - TEXT_HOLDERS

# Which attribute is an element's identifier; no other element may have one in any spelling.
ID_HOLDERS: dict[str, str] = {
    samlp("Response"): "ID",
    samlp("LogoutRequest"): "ID",
    samlp("LogoutResponse"): "ID",
    saml("Assertion"): "ID",
    xenc("EncryptedData"): "Id",
    xenc("EncryptedKey"): "Id",
    ds("Signature"): "Id",
    ds("SignedInfo"): "Id",
    ds("SignatureValue"): "Id",
    ds("KeyInfo"): "Id",
    ds("Reference"): "Id",
}
