"""The checks of a sign-in and of a sign-out, each in the order in which the code makes them.

A code that can be raised at two points stands at the earlier one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One check: its name, what is true once it has passed, and the codes it refuses with."""

    name: str
    passed: str
    codes: frozenset[str]


def _stage(name: str, passed: str, *codes: str) -> Stage:
    return Stage(name=name, passed=passed, codes=frozenset(f"saml_{code}" for code in codes))


SIGN_IN: tuple[Stage, ...] = (
    _stage("Provider", "It may be used.", "provider_disabled"),
    _stage("Namespace", "It is open.", "namespace_closed"),
    _stage("Size", "It is small enough.", "body_too_large", "response_too_large"),
    _stage("Encoding", "It is base64 of UTF-8.", "response_not_decodable"),
    _stage("XML", "It is plain XML.", "response_not_plain_xml"),
    _stage("Key to open it", "There is one where it is needed.", "assertion_encrypted"),
    _stage("Shape", "It is built as a sign-in response is.", "response_shape"),
    _stage("Identifiers", "Each is there once.", "identifier_not_unique"),
    _stage("Status", "The provider answered Success.", "status_not_success"),
    _stage("Signed", "There is a signature, or it is sealed inside.", "signature_missing"),
    _stage("Signature shape", "It covers what it stands in, and no more.", "signature_shape"),
    _stage("Algorithm", "It is strong enough.", "signature_algorithm"),
    _stage("Cipher", "It is an accepted one.", "encryption_shape", "encryption_algorithm"),
    _stage("Schema", "It follows the SAML 2.0 schema.", "schema_violated"),
    _stage("Message signature", "It is there where demanded.", "message_signature_missing"),
    _stage("Values", "Times and names can be read.", "value_unreadable"),
    _stage("Certificate", "One of the provider's is valid today.", "no_trusted_certificate"),
    _stage("Encrypted", "It is, where demanded.", "assertion_not_encrypted"),
    _stage("Opening", "Nothing stood against it.", "assertion_not_opened"),
    _stage("Signature", "A key of this provider made it.", "signature_invalid"),
    _stage("Destination", "It is addressed to this ACS URL.", "destination_mismatch"),
    _stage("Issuer", "It is the provider that is configured.", "issuer_mismatch"),
    _stage("Time", "It is valid now.", "assertion_expired", "assertion_not_yet_valid"),
    _stage("NameID", "It names one person.", "name_id_missing"),
    _stage("Audience", "It is made for this service.", "audience_mismatch"),
    _stage("Subject confirmation", "One bearer confirmation.", "subject_not_confirmed"),
    _stage("Recipient", "It is exactly this ACS URL.", "recipient_mismatch"),
    _stage("Conditions", "They have an end.", "conditions_missing"),
    _stage("One request", "Response and assertion answer the same.", "request_mismatch"),
    _stage("Validity", "It is short enough.", "validity_too_long"),
    _stage("Request", "It was asked for here.", "unsolicited_response", "request_unknown"),
    _stage("Browser", "It is the one that asked.", "other_browser"),
    _stage("Replay", "It was never used before.", "assertion_replayed"),
    _stage("Groups", "All of them arrived.", "groups_overage", "too_many_groups"),
    _stage("Role claim", "It names a role of this provider.", "no_role", "role_pair"),
    _stage("Session name", "It fits.", "role_session_name"),
    _stage("Session duration", "It fits.", "session_duration"),
    _stage("Principal tags", "They fit.", "principal_tag"),
    _stage("Role", "It exists.", "role_unknown"),
    _stage(
        "Role trust",
        "The provider may give it.",
        "role_does_not_trust_provider",
        "role_not_entrusted",
    ),
)


def _logout(name: str, passed: str, *codes: str) -> Stage:
    return _stage(name, passed, *(f"logout_{code}" for code in codes))


FIRST = (
    _stage("Provider", "It may be used.", "provider_disabled"),
    _stage("Namespace", "It is open.", "namespace_closed"),
)
CONTENT = (
    _stage("XML", "It is plain XML.", "response_not_plain_xml"),
    _stage("Shape", "It is built as a logout message is.", "response_shape"),
    _stage("Identifiers", "Each is there once.", "identifier_not_unique"),
    _stage("Signature shape", "It stands where it may, or nowhere.", "signature_shape"),
)
MEANING = (
    _stage("Values", "Times and names can be read.", "value_unreadable"),
    _logout("Version", "It is SAML 2.0.", "version"),
    _logout("Issuer", "It is the provider, or its alias.", "issuer_mismatch"),
    _logout("Destination", "It is exactly our logout URL.", "destination_mismatch"),
    _logout("Time", "It is valid now.", "not_yet_valid", "expired"),
    _logout("NameID", "It names one person, where it asks.", "names_nobody"),
    _logout("Replay", "It was never used before.", "replayed"),
    _logout("Request", "It answers a sign-out that waits.", "answers_nothing"),
    _logout("Browser", "It is the one that signed out.", "other_browser"),
)
# HTTP-Redirect is verified over the characters of the query, before it is unpacked and read.
SIGN_OUT_BY_REDIRECT: tuple[Stage, ...] = (
    *FIRST,
    Stage(
        name="Size",
        passed="It is small enough.",
        codes=frozenset({"saml_logout_too_large", "saml_response_too_large"}),
    ),
    _logout("Parameters", "Each is there once, as SAML writes them.", "parameters"),
    _logout("Signed", "There is a signature.", "unsigned"),
    _stage("Certificate", "One of the provider's is valid today.", "no_trusted_certificate"),
    _stage("Algorithm", "It is strong enough.", "signature_algorithm"),
    _stage("Signature", "A key of this provider made it.", "signature_invalid"),
    Stage(
        name="Encoding",
        passed="It is deflated and base64.",
        codes=frozenset({"saml_logout_not_decodable", "saml_response_not_decodable"}),
    ),
    *CONTENT,
    _stage("Schema", "It follows the SAML 2.0 schema.", "schema_violated"),
    *MEANING,
)
# HTTP-POST carries its signature inside, so it is read first, within bounds and without belief.
SIGN_OUT_BY_FORM: tuple[Stage, ...] = (
    *FIRST,
    Stage(
        name="Size",
        passed="It is small enough.",
        codes=frozenset({"saml_logout_body_too_large", "saml_response_too_large"}),
    ),
    _logout("Parameters", "Each is there once, as SAML writes them.", "parameters"),
    _stage("Encoding", "It is base64 of UTF-8.", "response_not_decodable"),
    *CONTENT,
    _stage("Algorithm", "It is strong enough.", "signature_algorithm"),
    _stage("Schema", "It follows the SAML 2.0 schema.", "schema_violated"),
    _logout("Signed", "There is a signature.", "unsigned"),
    _stage("Certificate", "One of the provider's is valid today.", "no_trusted_certificate"),
    _stage("Signature", "A key of this provider made it.", "signature_invalid"),
    *MEANING,
)
