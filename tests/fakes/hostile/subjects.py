"""A real provider names nobody, or not well enough."""

from lxml import etree

from tests.fakes.hostile.cases import (
    VICTIM,
    XSI,
    Cases,
    Fields,
    changed,
    respelled,
    signed_text,
    stamp_of,
)
from tests.fakes.idp import DS, SAML, Response

cases = Cases()

FIELDS: Fields = {
    "status_failed": (
        "saml_status_not_success",
        lambda _: {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    ),
    "status_empty": ("saml_status_not_success", lambda _: {"status": ""}),
    "status_that_ends_with_success": (
        "saml_status_not_success",
        lambda _: {"status": "urn:evil:Success"},
    ),
    "name_id_blank": ("saml_name_id_missing", lambda _: {"name_id": "   "}),
    "name_id_empty": ("saml_name_id_missing", lambda _: {"name_id": ""}),
    "name_id_padded": ("saml_name_id_missing", lambda _: {"name_id": f" {VICTIM}"}),
    "name_id_with_a_line_break": ("saml_name_id_missing", lambda _: {"name_id": "a\nb"}),
    "name_id_with_an_invisible_letter": (
        "saml_name_id_missing",
        lambda _: {"name_id": f"{VICTIM}\N{ZERO WIDTH SPACE}"},
    ),
    "name_id_too_long": ("saml_name_id_missing", lambda _: {"name_id": "x" * 1025}),
    "name_id_missing": ("saml_name_id_missing", lambda _: {"name_id_xml": ""}),
    "name_id_encrypted": (
        "saml_response_shape",
        lambda _: {"name_id_xml": "<saml:EncryptedID/>"},
    ),
    "holder_of_key": (
        "saml_subject_not_confirmed",
        lambda _: {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"},
    ),
    "answers_two_requests": (
        "saml_request_mismatch",
        lambda _: {"response_in_response_to": "_another"},
    ),
    "request_named_outside_the_signature_alone": (
        "saml_request_mismatch",
        lambda _: {"in_response_to": None},
    ),
    "session_index_too_long": ("saml_value_unreadable", lambda _: {"session_index": "x" * 300}),
    "name_id_that_turns_the_reading_round": (
        "saml_name_id_missing",
        lambda _: {"name_id": f"\N{RIGHT-TO-LEFT OVERRIDE}{VICTIM}"},
    ),
    "name_id_padded_with_a_wide_blank": (
        "saml_name_id_missing",
        lambda _: {"name_id": f"{VICTIM}\N{NO-BREAK SPACE}"},
    ),
    "name_id_with_a_tab": ("saml_name_id_missing", lambda _: {"name_id": f"{VICTIM}\t"}),
    "sender_vouches": (
        "saml_subject_not_confirmed",
        lambda _: {"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
    ),
    "bearer_in_capitals": (
        "saml_subject_not_confirmed",
        lambda r: {"method": r.method.upper()},
    ),
    "answers_another_request_inside": (
        "saml_request_mismatch",
        lambda _: {"in_response_to": "_another"},
    ),
    "status_in_capitals": (
        "saml_status_not_success",
        lambda r: {"status": r.status.upper()},
    ),
    "status_of_saml_one": ("saml_status_not_success", lambda _: {"status": "samlp:Success"}),
    "attribute_value_too_long": (
        "saml_value_unreadable",
        lambda _: {"attributes": {"x": ["y" * 17_000]}},
    ),
    "attribute_name_too_long": (
        "saml_value_unreadable",
        lambda _: {"attributes": {"x" * 17_000: ["y"]}},
    ),
    "attribute_without_a_name": ("saml_value_unreadable", lambda _: {"attributes": {"": ["y"]}}),
}
cases.add_fields(FIELDS)


@cases.refused_as("saml_value_unreadable")
def version_of_saml_one(response: Response, sign: str) -> str:
    return respelled(response, sign, 'Version="2.0"', 'Version="1.1"')


@cases.refused_as("saml_subject_not_confirmed")
def confirmation_not_before(response: Response, sign: str) -> str:
    return respelled(
        response,
        sign,
        "<saml:SubjectConfirmationData",
        f'<saml:SubjectConfirmationData NotBefore="{stamp_of(response)}"',
    )


@cases.refused_as("saml_subject_not_confirmed")
def two_confirmations(response: Response, sign: str) -> str:
    xml = response.xml()
    start = xml.index("<saml:SubjectConfirmation ")
    end = xml.index("</saml:Subject>")
    return signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


@cases.refused_as("saml_response_shape")
def two_conditions(response: Response, sign: str) -> str:
    xml = response.xml()
    start, end = xml.index("<saml:Conditions"), xml.index("<saml:AuthnStatement")
    return signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


@cases.refused_as("saml_response_shape")
def two_authentications(response: Response, sign: str) -> str:
    xml = response.xml()
    start = xml.index("<saml:AuthnStatement")
    end = xml.index("</saml:AuthnStatement>") + len("</saml:AuthnStatement>")
    return signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


def _replaced(name: str, old: str, new: str, *codes: str) -> None:
    """A real provider writes something else in this place, and signs it."""

    def build(response: Response, sign: str) -> str:
        return respelled(response, sign, old, new)

    cases.add(name, build, *codes)


_replaced(
    "two_name_ids",
    "<saml:Subject>",
    f"<saml:Subject><saml:NameID>{VICTIM}</saml:NameID>",
    "saml_response_shape",
)
_replaced(
    "base_id",
    "<saml:Subject>",
    "<saml:Subject><saml:BaseID/>",
    "saml_response_shape",
)
_replaced(
    "key_info_in_the_confirmation",
    "</saml:SubjectConfirmation>",
    f'<ds:KeyInfo xmlns:ds="{DS}"/></saml:SubjectConfirmation>',
    "saml_response_shape",
)
_replaced(
    "advice",
    "<saml:AuthnStatement",
    "<saml:Advice/><saml:AuthnStatement",
    "saml_response_shape",
)
_replaced(
    "condition_of_an_unknown_kind",
    "</saml:Conditions>",
    f'<saml:Condition xmlns:xsi="{XSI}" xsi:type="saml:OneTimeUseType"/></saml:Conditions>',
    "saml_response_shape",
)
_replaced(
    "statement_of_an_unknown_kind",
    "</saml:Assertion>",
    f'<saml:Statement xmlns:xsi="{XSI}" xsi:type="saml:AuthnStatementType"/></saml:Assertion>',
    "saml_response_shape",
)
_replaced(
    "decision_of_authorisation",
    "</saml:Assertion>",
    "<saml:AuthzDecisionStatement/></saml:Assertion>",
    "saml_response_shape",
)
_replaced(
    "encrypted_attribute",
    "<saml:AttributeStatement>",
    "<saml:AttributeStatement><saml:EncryptedAttribute/>",
    "saml_response_shape",
)
_replaced(
    "text_between_the_elements",
    "</saml:Subject>",
    f"{VICTIM}</saml:Subject>",
    "saml_response_shape",
)
_replaced(
    "consent_to_another_subject",
    "</saml:Subject>",
    f"</saml:Subject><saml:Subject><saml:NameID>{VICTIM}</saml:NameID></saml:Subject>",
    "saml_response_shape",
)
_replaced(
    "name_id_of_another_type",
    "<saml:NameID ",
    f'<saml:NameID xmlns:xsi="{XSI}" xsi:type="saml:SubjectType" ',
    "saml_schema_violated",
)
_replaced(
    "group_of_a_type_that_is_no_type",
    "<saml:AttributeValue>",
    f'<saml:AttributeValue xmlns:xsi="{XSI}" xsi:type="saml:Nothing">',
    "saml_schema_violated",
)


def _without(name: str, tag: str, *codes: str) -> None:
    """A real provider leaves an element out, and signs the rest."""

    def build(response: Response, sign: str) -> str:
        def leave_out(root: etree._Element) -> None:
            element = next(root.iter(f"{{{SAML}}}{tag}"))
            element.getparent().remove(element)  # type: ignore[union-attr] # it has one

        return changed(response, sign, leave_out)

    cases.add(name, build, *codes)


_without("no_subject", "Subject", "saml_name_id_missing")
_without("no_confirmation", "SubjectConfirmation", "saml_subject_not_confirmed")
_without("confirmation_without_data", "SubjectConfirmationData", "saml_recipient_mismatch")
_without("no_conditions", "Conditions", "saml_value_unreadable")
_without("no_authentication", "AuthnStatement", "saml_value_unreadable")
_without("authentication_without_context", "AuthnContext", "saml_schema_violated")


@cases.refused_as("saml_value_unreadable")
def too_many_attribute_values(response: Response, sign: str) -> str:
    many = "<saml:AttributeStatement><saml:Attribute Name='x'>" + "<saml:AttributeValue/>" * 2_001
    xml = response.xml().replace("<saml:AttributeStatement>", f"{many}</saml:Attribute>")
    return signed_text(xml.replace("saml:", "s:").replace(":saml=", ":s="), sign)
