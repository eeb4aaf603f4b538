"""What to change, for every code that a sign-in or a logout can be refused with.

Written to whoever administers both sides; "at the provider" is Entra's own words where they
differ. docs/sign-in-problems.md is made from this.
"""

from collections.abc import Mapping

BEGIN_AGAIN = "Begin again at the sign-in page. "
REMEDIES: Mapping[str, str] = {
    # before anything is read
    "saml_provider_disabled": "Switch the provider on, on its page under Sign-in.",
    "saml_namespace_closed": (
        "The namespace is suspended, or being made or taken away. Ask the operator of this service."
    ),
    "saml_body_too_large": (
        "Send fewer attributes and groups: in Entra, limit the groups claim to the groups "
        "assigned to the application."
    ),
    "saml_response_too_large": (
        "Send fewer attributes and groups: in Entra, limit the groups claim to the groups "
        "assigned to the application."
    ),
    "saml_response_not_decodable": (
        "Have the provider use the HTTP-POST binding, which sends the form field "
        "SAMLResponse as base64."
    ),
    "saml_response_not_plain_xml": (
        "Have the provider send plain XML, without comments and document types. A proxy "
        "that rewrites pages may add them."
    ),
    "saml_assertion_encrypted": (
        "Give the provider our metadata, which carries a key to encrypt with; or switch "
        "token encryption off there."
    ),
    "saml_assertion_not_encrypted": (
        "Have the provider import our current metadata and switch token encryption on, or "
        "switch off Want assertions encrypted here."
    ),
    "saml_assertion_not_opened": (
        "Have the provider import our current metadata: it encrypts to a key that is not "
        "ours any more."
    ),
    "saml_encryption_shape": (
        "A product that writes SAML by hand may do this. Report it to its maker, or switch "
        "encryption off there."
    ),
    "saml_encryption_algorithm": "Choose AES-256-GCM with RSA-OAEP at the provider.",
    "saml_response_shape": (
        "Have the provider send one SAML 2.0 response with one assertion. If it does, keep "
        "the response with a browser extension and report it."
    ),
    "saml_identifier_not_unique": (
        "Have the provider give each element its own ID. A proxy or a plugin between the "
        "two sides may copy them."
    ),
    "saml_status_not_success": (
        "Look at the provider's own sign-in log. In Entra: is the person assigned to the "
        "application, and did a conditional access policy stop them?"
    ),
    # the signature
    "saml_signature_missing": (
        "Have the provider sign the assertion. In Entra: SAML Signing Certificate, Signing "
        "Option, Sign SAML assertion."
    ),
    "saml_signature_shape": (
        "Have the provider sign with an enveloped signature and exclusive canonicalization, "
        "the usual way. A proxy may have changed it."
    ),
    "saml_signature_algorithm": (
        "Choose SHA-256 at the provider. In Entra: SAML Signing Certificate, Signing "
        "Algorithm, SHA-256."
    ),
    "saml_schema_violated": (
        "A product that writes SAML by hand may do this. Report it to its maker."
    ),
    "saml_message_signature_missing": (
        "Have the provider sign the response too (in Entra: Sign SAML response and "
        "assertion), or switch off Want messages signed here."
    ),
    "saml_value_unreadable": (
        "A product that writes SAML by hand may do this. Report it to its maker."
    ),
    "saml_no_trusted_certificate": (
        "Import the provider's current metadata; with a metadata URL it is fetched by itself."
    ),
    "saml_signature_invalid": (
        "Import the provider's current metadata: it may sign with a new key. If the key is "
        "the known one, something between the two sides changed the response."
    ),
    # addresses and names
    "saml_destination_mismatch": (
        "Copy the Reply URL (ACS URL) from the provider's page here to the provider, "
        "character by character. Behind a proxy, check PUBLIC_URL."
    ),
    "saml_issuer_mismatch": (
        "Import the metadata of the very provider that answered; in Entra each application "
        "has its own. Compare the two entity IDs under What arrived."
    ),
    "saml_assertion_expired": (
        "Compare the clocks of both sides. If people wait long at the provider's page, have "
        "them begin again."
    ),
    "saml_assertion_not_yet_valid": (
        "Compare the clocks of both sides; a few seconds can be borne with the clock skew "
        "on the provider's page."
    ),
    "saml_name_id_missing": (
        "Have the provider send a NameID. In Entra: Attributes & Claims, Unique User "
        "Identifier, with a source attribute that everybody has."
    ),
    "saml_audience_mismatch": (
        "Copy the Identifier (Entity ID) from the provider's page here to the provider, "
        "character by character."
    ),
    "saml_subject_not_confirmed": (
        "Have the provider use the Web Browser SSO profile: one bearer confirmation with "
        "NotOnOrAfter."
    ),
    "saml_recipient_mismatch": (
        "Copy the Reply URL (ACS URL) from the provider's page here to the provider, "
        "character by character."
    ),
    "saml_conditions_missing": (
        "Have the provider put Conditions with NotOnOrAfter into assertions."
    ),
    "saml_request_mismatch": "Begin again; if it persists, the provider mixes up two sign-ins.",
    "saml_validity_too_long": (
        "Shorten the lifetime of tokens at the provider, or raise the longest validity on "
        "the provider's page here."
    ),
    # the request and the browser
    "saml_unsolicited_response": (
        "Begin at the sign-in page here, or switch on Allow IdP-initiated sign-in on the "
        "provider's page (for Entra's My Apps)."
    ),
    "saml_request_unknown": (
        f"{BEGIN_AGAIN}A sign-in is good for a quarter of an hour and for one answer; going "
        "back in the browser sends the old one."
    ),
    "saml_other_browser": (
        f"{BEGIN_AGAIN}If it persists, the browser drops our cookie: serve this site over "
        "https, and allow cookies of this site."
    ),
    "saml_assertion_replayed": (
        f"{BEGIN_AGAIN}Going back or reloading sends the old answer once more."
    ),
    # step-up and the choice of a role
    "saml_session_over": "Begin at the sign-in page.",
    "saml_other_person": "Sign in at the provider as the person who is signed in here.",
    "saml_not_asked_again": (
        "Sign out at the provider and try once more; the provider must honour ForceAuthn."
    ),
    "saml_choice_unknown": f"{BEGIN_AGAIN}A choice of roles is good for some minutes.",
    "saml_choice_not_offered": f"{BEGIN_AGAIN}Choose one of the roles shown.",
    # groups, roles and AWS's limits
    "saml_groups_overage": (
        "In Entra: Attributes & Claims, Add a group claim, Groups assigned to the "
        "application; then assign only the groups that the rules name."
    ),
    "saml_too_many_groups": "Filter the groups claim at the provider.",
    "saml_no_role": (
        "Compare the groups that arrived with those in the claim rules. Entra sends object "
        "ids unless told otherwise: use them in the rules."
    ),
    "saml_role_pair": (
        "Write the Role claim as role ARN, comma, provider ARN. Both are shown on their pages here."
    ),
    "saml_role_session_name": (
        "Give the claim RoleSessionName one plain value, for example "
        "ExtractMailPrefix(user.userprincipalname)."
    ),
    "saml_session_duration": (
        "Give SessionDuration a whole number of seconds from 900 to 43200, or leave the claim out."
    ),
    "saml_principal_tag": (
        "Shorten the tag or leave it out: a key has at most 128, a value at most 256 plain "
        "characters, and there are at most 50."
    ),
    "saml_role_unknown": "Make the role, or write its exact name in the rule; case counts.",
    "saml_role_does_not_trust_provider": (
        "Name the provider in the role's trust policy, or press Let it name a role on the "
        "provider's page."
    ),
    "saml_role_not_entrusted": (
        "Press Let it name roles on the provider's page and choose the role, or have rules "
        "here give it instead of the provider."
    ),
    # logout
    "saml_logout_issuer_mismatch": (
        "Enter the name that the provider signs out under as its issuer alias (in Entra: "
        "https://login.microsoftonline.com/<tenant>/)."
    ),
    "saml_logout_destination_mismatch": (
        "Copy the logout URL from the provider's page here to the provider."
    ),
    "saml_logout_expired": "Compare the clocks of both sides.",
    "saml_logout_not_yet_valid": "Compare the clocks of both sides.",
    "saml_logout_names_nobody": (
        "Have the provider put the NameID of the sign-in into its logout request, unencrypted."
    ),
    "saml_logout_version": "Have the provider speak SAML 2.0.",
    "saml_logout_too_large": "Have the provider send a plain logout message, without attributes.",
    "saml_logout_body_too_large": (
        "Have the provider send a plain logout message, without attributes."
    ),
    "saml_logout_parameters": (
        "Have the provider use HTTP-Redirect or HTTP-POST as SAML 2.0 writes them. A proxy "
        "that rewrites addresses breaks them."
    ),
    "saml_logout_not_decodable": (
        "Have the provider deflate and base64 its logout messages on HTTP-Redirect, and "
        "base64 them on HTTP-POST."
    ),
    "saml_logout_unsigned": "Have the provider sign logout messages.",
    "saml_logout_replayed": "Nothing: the message was obeyed when it came first.",
    "saml_logout_answers_nothing": "Nothing: the session here has ended in any case.",
    "saml_logout_other_browser": "Sign out in the browser that is signed in.",
    "saml_nothing_to_sign_out": "Nothing: the session here has ended.",
}
