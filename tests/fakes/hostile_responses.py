"""Responses that must be refused, each with the code of the check that has to refuse it.

`build(response, sign)` makes the base64 from a response that would be accepted as it is; `sign`
is the element that the provider signs, `Assertion` or `Response`.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lxml import etree

from tests.fakes.idp import (
    DS,
    SAML,
    SAMLP,
    Response,
    Signing,
    a_key_pair,
    a_response,
    a_tree,
    encoded,
    signed,
)

Build = Callable[[Response, str], str]
VICTIM = "admin@customer.example"
SIGNATURE = f"{{{DS}}}Signature"
ASSERTION = f"{{{SAML}}}Assertion"


@dataclass(frozen=True)
class Hostile:
    name: str
    codes: frozenset[str]
    build: Build


HOSTILE: list[Hostile] = []


def refused_as(*codes: str) -> Callable[[Build], Build]:
    """Register a builder under its function's name."""

    def register(build: Build) -> Build:
        HOSTILE.append(Hostile(build.__name__, frozenset(codes), build))
        return build

    return register


# --- a real provider says something that is not for us, not now, or not enough


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


FIELDS: Mapping[str, tuple[str, Callable[[Response], dict[str, Any]]]] = {
    "wrong_audience": (
        "saml_audience_mismatch",
        lambda _: {"audiences": [["https://other.example/metadata/"]]},
    ),
    "no_audience": ("saml_audience_mismatch", lambda _: {"audiences": []}),
    "empty_audience": ("saml_audience_mismatch", lambda _: {"audiences": [[""]]}),
    "two_audience_restrictions": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [list(r.audiences[0]), ["https://other.example/"]]},
    ),
    "audience_with_a_slash_more": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[f"{r.audiences[0][0]}/"]]},
    ),
    "audience_in_capitals": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[r.audiences[0][0].upper()]]},
    ),
    "audience_with_blanks": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[f" {r.audiences[0][0]} "]]},
    ),
    "recipient_missing": ("saml_recipient_mismatch", lambda _: {"recipient": None}),
    "recipient_empty": ("saml_recipient_mismatch", lambda _: {"recipient": ""}),
    "recipient_contains_acs": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": f"https://evil.example/?{r.recipient}"},
    ),
    "recipient_begins_with_acs": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": f"{r.recipient}?x=1"},
    ),
    "recipient_of_another_tenant": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("/acme/", "/acme2/")},
    ),
    "recipient_in_capitals": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).upper()},
    ),
    "recipient_with_a_user": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("://", "://x@")},
    ),
    "recipient_with_a_dot_segment": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("/saml/", "/./saml/")},
    ),
    "destination_missing": ("saml_destination_mismatch", lambda _: {"destination": None}),
    "destination_empty": (
        "saml_destination_mismatch",
        lambda _: {"destination": ""},
    ),
    "destination_begins_with_acs": (
        "saml_destination_mismatch",
        lambda r: {"destination": f"{r.destination}2/acs/"},
    ),
    "destination_of_another_tenant": (
        "saml_destination_mismatch",
        lambda r: {"destination": str(r.destination).replace("/acme/", "/acme2/")},
    ),
    "destination_in_capitals": (
        "saml_destination_mismatch",
        lambda r: {"destination": str(r.destination).upper()},
    ),
    "expired": (
        "saml_assertion_expired",
        lambda _: {"not_on_or_after": minutes(-2), "confirmed_until": minutes(-2)},
    ),
    "confirmation_expired_conditions_good": (
        "saml_assertion_expired",
        lambda _: {"confirmed_until": minutes(-2)},
    ),
    "conditions_expired_confirmation_good": (
        "saml_assertion_expired",
        lambda _: {"not_on_or_after": minutes(-2)},
    ),
    "not_yet_valid": ("saml_assertion_not_yet_valid", lambda _: {"not_before": minutes(3)}),
    "conditions_without_an_end": (
        "saml_conditions_missing",
        lambda _: {"not_on_or_after": None},
    ),
    "confirmation_without_an_end": (
        "saml_subject_not_confirmed",
        lambda _: {"confirmed_until": None},
    ),
    "valid_for_ten_years": (
        "saml_validity_too_long",
        lambda _: {"not_on_or_after": timedelta(days=3650), "confirmed_until": minutes(5)},
    ),
    "confirmed_for_ten_years": (
        "saml_validity_too_long",
        lambda _: {"not_on_or_after": minutes(5), "confirmed_until": timedelta(days=3650)},
    ),
    "valid_until_the_end_of_time": (
        "saml_value_unreadable",
        lambda r: {"not_on_or_after": r.now.replace(year=9999) - r.now},
    ),
    "issued_long_ago": ("saml_assertion_expired", lambda _: {"issued": minutes(-200)}),
    "issued_in_the_future": ("saml_assertion_not_yet_valid", lambda _: {"issued": minutes(5)}),
    "response_issued_long_ago": (
        "saml_assertion_expired",
        lambda _: {"response_issued": minutes(-200)},
    ),
    "response_issued_in_the_future": (
        "saml_assertion_not_yet_valid",
        lambda _: {"response_issued": minutes(5)},
    ),
    "session_over": (
        "saml_assertion_expired",
        lambda _: {"session_not_on_or_after": minutes(-1)},
    ),
    "signed_in_tomorrow": (
        "saml_assertion_not_yet_valid",
        lambda _: {"authenticated": timedelta(days=1)},
    ),
    "wrong_issuer": ("saml_issuer_mismatch", lambda _: {"issuer": "https://evil.example/"}),
    "empty_issuer": ("saml_issuer_mismatch", lambda _: {"issuer": ""}),
    "issuer_with_blanks": ("saml_issuer_mismatch", lambda r: {"issuer": f"{r.issuer} "}),
    "response_of_another_issuer": (
        "saml_issuer_mismatch",
        lambda _: {"response_issuer": "https://evil.example/"},
    ),
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
}


def _field_case(name: str, code: str, changes: Callable[[Response], dict[str, Any]]) -> None:
    def build(response: Response, sign: str) -> str:
        return a_response(replace(response, **changes(response)), sign=sign)

    HOSTILE.append(Hostile(name, frozenset({code}), build))


for _name, (_code, _changes) in FIELDS.items():
    _field_case(_name, _code, _changes)


@refused_as("saml_value_unreadable", "saml_schema_violated")
def time_without_a_zone(response: Response, sign: str) -> str:
    return _respelled(response, sign, _stamp(response), _stamp(response)[:-1])


@refused_as("saml_value_unreadable", "saml_schema_violated")
def time_in_another_zone(response: Response, sign: str) -> str:
    return _respelled(response, sign, _stamp(response), f"{_stamp(response)[:-1]}+05:00")


@refused_as("saml_value_unreadable", "saml_schema_violated")
def version_of_saml_one(response: Response, sign: str) -> str:
    return _respelled(response, sign, 'Version="2.0"', 'Version="1.1"')


@refused_as("saml_subject_not_confirmed")
def confirmation_not_before(response: Response, sign: str) -> str:
    return _respelled(
        response,
        sign,
        "<saml:SubjectConfirmationData",
        f'<saml:SubjectConfirmationData NotBefore="{_stamp(response)}"',
    )


@refused_as("saml_subject_not_confirmed")
def two_confirmations(response: Response, sign: str) -> str:
    xml = response.xml()
    start = xml.index("<saml:SubjectConfirmation ")
    end = xml.index("</saml:Subject>")
    return _signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


@refused_as("saml_value_unreadable", "saml_response_shape", "saml_schema_violated")
def two_conditions(response: Response, sign: str) -> str:
    xml = response.xml()
    start, end = xml.index("<saml:Conditions"), xml.index("<saml:AuthnStatement")
    return _signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


@refused_as("saml_value_unreadable", "saml_response_shape")
def two_authentications(response: Response, sign: str) -> str:
    xml = response.xml()
    start = xml.index("<saml:AuthnStatement")
    end = xml.index("</saml:AuthnStatement>") + len("</saml:AuthnStatement>")
    return _signed_text(xml[:end] + xml[start:end] + xml[end:], sign)


# --- the document is not plain XML


def _inside_name_id(response: Response, text: str) -> Response:
    return replace(response, name_id_xml=f"<saml:NameID>{text}</saml:NameID>")


@refused_as("saml_response_not_plain_xml")
def comment_in_name_id(response: Response, sign: str) -> str:
    return a_response(_inside_name_id(response, f"{VICTIM}<!-- x -->.evil.example"), sign=sign)


@refused_as("saml_response_not_plain_xml")
def instruction_in_name_id(response: Response, sign: str) -> str:
    return a_response(_inside_name_id(response, f"{VICTIM}<?x y?>.evil.example"), sign=sign)


@refused_as("saml_response_not_plain_xml")
def cdata_in_name_id(response: Response, sign: str) -> str:
    text = response.xml().replace(response.name_id, f"<![CDATA[{VICTIM}]]>")
    root = etree.fromstring(text, etree.XMLParser(strip_cdata=False))
    return encoded(_sign(root, sign))


@refused_as("saml_response_shape")
def child_in_name_id(response: Response, sign: str) -> str:
    inside = f"{VICTIM}<saml:Issuer>x</saml:Issuer>.evil.example"
    return a_response(_inside_name_id(response, inside), sign=sign)


@refused_as("saml_response_not_plain_xml")
def comment_in_a_group(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    value = next(root.iter(f"{{{SAML}}}AttributeValue"))
    value.append(etree.Comment("x"))
    return encoded(_sign(root, sign))


@refused_as("saml_response_shape")
def child_in_a_group(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    value = next(root.iter(f"{{{SAML}}}AttributeValue"))
    etree.SubElement(value, f"{{{SAML}}}Assertion")
    return encoded(_sign(root, sign))


@refused_as("saml_response_not_plain_xml")
def document_type(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b"<!DOCTYPE x>" + raw)


@refused_as("saml_response_not_plain_xml")
def billion_laughs(response: Response, sign: str) -> str:
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    raw = etree.tostring(a_tree(response, sign=sign)).decode()
    return encoded(f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>{raw.replace("joe", "&a9;")}')


@refused_as("saml_response_not_plain_xml")
def external_entity(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign)).decode().replace("joe", "&e;")
    return encoded(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{raw}')


@refused_as("saml_response_not_plain_xml")
def undeclared_entity(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)).decode().replace("joe", "&e;"))


@refused_as("saml_response_not_plain_xml")
def style_sheet_before_it(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml-stylesheet href="https://evil.example/x.xsl"?>' + raw)


@refused_as("saml_response_not_decodable", "saml_response_not_plain_xml")
def utf_sixteen(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign), encoding="UTF-16"))


@refused_as("saml_response_not_decodable", "saml_response_not_plain_xml")
def utf_seven_declared(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml version="1.0" encoding="UTF-7"?>' + raw)


@refused_as("saml_response_not_decodable")
def latin_one_declared(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + raw)


@refused_as("saml_response_not_plain_xml")
def byte_order_mark(response: Response, sign: str) -> str:
    return encoded(b"\xef\xbb\xbf" + etree.tostring(a_tree(response, sign=sign)))


@refused_as("saml_response_not_plain_xml")
def nul_inside(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)).replace(b"joe", b"j\0oe"))


@refused_as("saml_response_not_plain_xml")
def truncated(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign))[:-40])


@refused_as("saml_response_not_plain_xml")
def something_after_the_end(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)) + b"<x/>")


@refused_as("saml_response_not_plain_xml")
def nothing_at_all(response: Response, sign: str) -> str:
    return ""


@refused_as("saml_response_not_plain_xml")
def not_xml(response: Response, sign: str) -> str:
    return encoded("SAMLResponse")


@refused_as("saml_response_not_decodable")
def not_base64(response: Response, sign: str) -> str:
    return a_response(response, sign=sign)[:-10] + "!!!!======"


@refused_as("saml_response_not_decodable")
def base64_of_letters_beyond_ascii(response: Response, sign: str) -> str:
    return "ÄÖÜ="


@refused_as("saml_response_too_large")
def huge_attribute(response: Response, sign: str) -> str:
    return a_response(replace(response, attributes={"x": ["y" * 90_000]}), sign=sign)


@refused_as("saml_response_too_large", "saml_response_shape")
def deep_nesting(response: Response, sign: str) -> str:
    return encoded(f"{'<x>' * 200}{a_tree(response, sign=sign).tag[:0]}{'</x>' * 200}")


@refused_as("saml_response_too_large")
def nested_status_codes(response: Response, sign: str) -> str:
    success = "urn:oasis:names:tc:SAML:2.0:status:Success"
    opened = f'<samlp:StatusCode Value="{success}">' * 40
    closed = "</samlp:StatusCode>" * 40
    return _respelled(response, sign, f'<samlp:StatusCode Value="{success}"/>', f"{opened}{closed}")


@refused_as("saml_response_too_large")
def thousands_of_elements(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    statement = next(root.iter(f"{{{SAML}}}AttributeStatement"))
    for _ in range(4_500):
        etree.SubElement(statement, "x")
    return encoded(root)


@refused_as("saml_response_shape")
def relative_namespace(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(raw.replace(b"<saml:Subject>", b'<saml:Subject xmlns:x="relative">'))


@refused_as("saml_response_shape")
def prefix_that_changes_its_meaning(response: Response, sign: str) -> str:
    return _respelled(
        response, sign, "<saml:Subject>", '<saml:Subject xmlns:samlp="urn:something:else">'
    )


# --- identifiers


@refused_as("saml_identifier_not_unique")
def the_same_identifier_twice(response: Response, sign: str) -> str:
    return a_response(replace(response, response_id=response.assertion_id), sign=sign)


@refused_as("saml_identifier_not_unique")
def identifiers_in_three_spellings(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    assertion = next(root.iter(ASSERTION))
    assertion.set("Id", "_other")
    assertion.set("id", "_another")
    return encoded(root)


@refused_as("saml_identifier_not_unique")
def identifier_of_xml(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    subject = next(root.iter(f"{{{SAML}}}Subject"))
    subject.set("{http://www.w3.org/XML/1998/namespace}id", response.assertion_id)
    return encoded(root)


@refused_as("saml_identifier_not_unique")
def identifier_on_a_subject(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    next(root.iter(f"{{{SAML}}}Subject")).set("ID", "_subject")
    return encoded(root)


@refused_as("saml_identifier_not_unique")
def assertion_without_identifier(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    del next(root.iter(ASSERTION)).attrib["ID"]
    return encoded(root)


# --- the signature


@refused_as("saml_signature_missing")
def unsigned(response: Response, sign: str) -> str:
    return a_response(response, sign="none")


@refused_as("saml_signature_invalid")
def foreign_key(response: Response, sign: str) -> str:
    return a_response(response, sign=sign, signing=Signing(key=a_key_pair("mallory")))


@refused_as("saml_signature_invalid")
def foreign_key_beside_our_certificate(response: Response, sign: str) -> str:
    ours = a_key_pair().der_base64
    key_info = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{ours}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo>"
    )
    signing = Signing(key=a_key_pair("mallory"), key_info=key_info)
    return a_response(response, sign=sign, signing=signing)


@refused_as("saml_signature_invalid")
def content_changed_after_signing(response: Response, sign: str) -> str:
    return encoded(
        etree.tostring(a_tree(response, sign=sign)).replace(
            response.name_id.encode(), b"x@y.example"
        )
    )


@refused_as("saml_signature_invalid")
def group_added_after_signing(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    attribute = next(root.iter(f"{{{SAML}}}Attribute"))
    etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = "QuickSight-Admin"
    return encoded(root)


def _with_method(name: str, code: str, **changes: Any) -> None:
    def build(response: Response, sign: str) -> str:
        return a_response(response, sign=sign, signing=Signing(**changes))

    HOSTILE.append(Hostile(name, frozenset({code}), build))


_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENVELOPED = f"{DS}enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_with_method("sha1_signature", "saml_signature_algorithm", method=f"{DS}rsa-sha1")
_with_method("sha1_digest", "saml_signature_algorithm", digest=f"{DS}sha1")
_with_method("md5_digest", "saml_signature_algorithm", digest=f"{_MORE}md5")
_with_method(
    "inclusive_canonicalisation",
    "saml_signature_algorithm",
    canonicalization="http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
)
_with_method(
    "canonicalisation_with_comments",
    "saml_signature_algorithm",
    canonicalization=f"{_EXCLUSIVE}WithComments",
)
_with_method("one_transform_less", "saml_signature_shape", transforms=[_EXCLUSIVE])
_with_method(
    "one_transform_more", "saml_signature_shape", transforms=[_ENVELOPED, _EXCLUSIVE, _EXCLUSIVE]
)
_with_method("signs_the_whole_document", "saml_signature_shape", uri="")
_with_method(
    "key_by_name_only",
    "saml_response_shape",
    key_info="<ds:KeyInfo><ds:KeyName>idp</ds:KeyName></ds:KeyInfo>",
)
_with_method(
    "key_by_retrieval",
    "saml_response_shape",
    key_info='<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/k"/></ds:KeyInfo>',
)


def _spoiled(response: Response, sign: str, spoil: Callable[[etree._Element], None]) -> str:
    root = a_tree(response, sign=sign)
    spoil(next(root.iter(SIGNATURE)))
    return encoded(root)


@refused_as("saml_signature_shape")
def transforms_turned_round(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        first, second = signature.iter(f"{{{DS}}}Transform")
        second.addnext(first)

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_algorithm")
def hmac_with_the_public_certificate(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        method = next(signature.iter(f"{{{DS}}}SignatureMethod"))
        method.set("Algorithm", f"{_MORE}hmac-sha256")

    return _spoiled(response, sign, spoil)


def _transform_case(name: str, algorithm: str, inside: str) -> None:
    def build(response: Response, sign: str) -> str:
        def spoil(signature: etree._Element) -> None:
            transform = next(signature.iter(f"{{{DS}}}Transform"))
            transform.set("Algorithm", algorithm)
            transform.append(etree.fromstring(inside))

        return _spoiled(response, sign, spoil)

    codes = {"saml_response_shape", "saml_signature_shape"}
    HOSTILE.append(Hostile(name, frozenset(codes), build))


_transform_case(
    "style_sheet_transform",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>',
)
_transform_case(
    "path_transform",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    f'<ds:XPath xmlns:ds="{DS}">count(//. | //@* | //namespace::*)</ds:XPath>',
)


@refused_as("saml_response_shape", "saml_signature_shape")
def two_references(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        reference = next(signature.iter(f"{{{DS}}}Reference"))
        reference.addnext(deepcopy(reference))

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_shape")
def reference_to_another_element(response: Response, sign: str) -> str:
    other = response.response_id if sign == "Assertion" else response.assertion_id
    return a_response(response, sign=sign, signing=Signing(uri=f"#{other}"))


@refused_as("saml_signature_shape")
def reference_to_nothing(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        del next(signature.iter(f"{{{DS}}}Reference")).attrib["URI"]

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_shape")
def digest_of_nothing(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}DigestValue")).text = ""

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_invalid")
def digest_of_the_empty_string(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        next(signature.iter(f"{{{DS}}}DigestValue")).text = empty

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_shape")
def signature_value_empty(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = ""

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_shape")
def signature_value_malformed(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = "not base64!"

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_invalid")
def signature_value_of_another(response: Response, sign: str) -> str:
    other = a_tree(replace(response, name_id=VICTIM), sign=sign)

    def spoil(signature: etree._Element) -> None:
        value = next(other.iter(f"{{{DS}}}SignatureValue"))
        next(signature.iter(f"{{{DS}}}SignatureValue")).text = value.text

    return _spoiled(response, sign, spoil)


@refused_as("saml_response_shape")
def object_in_the_signature(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        etree.SubElement(signature, f"{{{DS}}}Object")

    return _spoiled(response, sign, spoil)


@refused_as("saml_response_shape")
def two_signatures(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        signature.addnext(deepcopy(signature))

    return _spoiled(response, sign, spoil)


@refused_as("saml_signature_shape", "saml_schema_violated")
def signature_at_the_end(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        parent = signature.getparent()
        assert parent is not None
        parent.append(signature)

    return _spoiled(response, sign, spoil)


@refused_as("saml_response_shape", "saml_signature_missing")
def signature_in_the_subject(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    next(root.iter(f"{{{SAML}}}Subject")).append(next(root.iter(SIGNATURE)))
    return encoded(root)


# --- wrapping: the signed element stays in the document, and another one is to be read


def _forged(response: Response, sign: str) -> tuple[etree._Element, etree._Element]:
    """A good signed response, and a copy of it that names the victim, unsigned."""
    good = a_tree(response, sign=sign)
    bad = a_tree(
        replace(response, name_id=VICTIM, assertion_id="_evil", response_id="_evilresponse"),
        sign="none",
    )
    return good, bad


WRAPPED = ("saml_response_shape", "saml_identifier_not_unique", "saml_signature_shape")


@refused_as(*WRAPPED)
def wrapping_1(response: Response, sign: str) -> str:
    """The signed response inside an Object of its own signature, moved to the forged one."""
    good, bad = _forged(response, "Response" if sign == "Response" else sign)
    signature = next(good.iter(SIGNATURE))
    bad.insert(1, deepcopy(signature))
    etree.SubElement(bad[1], f"{{{DS}}}Object").append(good)
    return encoded(bad)


@refused_as(*WRAPPED)
def wrapping_2(response: Response, sign: str) -> str:
    """The signed response beside its signature in the forged one."""
    good, bad = _forged(response, sign)
    bad.insert(1, deepcopy(next(good.iter(SIGNATURE))))
    bad.insert(2, good)
    return encoded(bad)


@refused_as(*WRAPPED)
def wrapping_3(response: Response, sign: str) -> str:
    """A forged assertion before the signed one."""
    good, bad = _forged(response, sign)
    signed_assertion = next(good.iter(ASSERTION))
    signed_assertion.addprevious(next(bad.iter(ASSERTION)))
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_3_turned_round(response: Response, sign: str) -> str:
    good, bad = _forged(response, sign)
    good.append(next(bad.iter(ASSERTION)))
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_4(response: Response, sign: str) -> str:
    """The signed assertion inside the forged one."""
    good, bad = _forged(response, sign)
    signed_assertion, evil = next(good.iter(ASSERTION)), next(bad.iter(ASSERTION))
    parent = signed_assertion.getparent()
    assert parent is not None
    parent.replace(signed_assertion, evil)
    evil.append(signed_assertion)
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_5(response: Response, sign: str) -> str:
    """The forged assertion carries the signature; the signed one follows without it."""
    good, bad = _forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    evil.insert(1, signature)
    original.addprevious(evil)
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_6(response: Response, sign: str) -> str:
    """The forged assertion carries the signature, which holds the signed assertion."""
    good, bad = _forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    original.addprevious(evil)
    evil.insert(1, signature)
    signature.append(original)
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_7(response: Response, sign: str) -> str:
    """The forged assertion under Extensions."""
    good, bad = _forged(response, sign)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(next(bad.iter(ASSERTION)))
    good.insert(1, extensions)
    return encoded(good)


@refused_as(*WRAPPED)
def wrapping_8(response: Response, sign: str) -> str:
    """The signed assertion in an Object of the signature that the forged one carries."""
    good, bad = _forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    original.addprevious(evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(original)
    return encoded(good)


@refused_as(*WRAPPED)
def signed_assertion_in_advice(response: Response, sign: str) -> str:
    good, bad = _forged(response, sign)
    evil, original = next(bad.iter(ASSERTION)), next(good.iter(ASSERTION))
    original.addprevious(evil)
    etree.SubElement(evil, f"{{{SAML}}}Advice").append(original)
    return encoded(good)


@refused_as(*WRAPPED)
def signed_assertion_in_a_status_detail(response: Response, sign: str) -> str:
    good, bad = _forged(response, sign)
    status = next(bad.iter(f"{{{SAMLP}}}Status"))
    etree.SubElement(status, f"{{{SAMLP}}}StatusDetail").append(next(good.iter(ASSERTION)))
    return encoded(bad)


@refused_as(*WRAPPED)
def signed_assertion_in_an_attribute(response: Response, sign: str) -> str:
    good, bad = _forged(response, sign)
    next(bad.iter(f"{{{SAML}}}AttributeValue")).append(next(good.iter(ASSERTION)))
    return encoded(bad)


@refused_as(*WRAPPED)
def the_signed_assertion_twice(response: Response, sign: str) -> str:
    good, _ = _forged(response, sign)
    good.append(deepcopy(next(good.iter(ASSERTION))))
    return encoded(good)


@refused_as("saml_assertion_encrypted")
def encrypted_victim(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    root.remove(next(root.iter(ASSERTION)))
    etree.SubElement(root, f"{{{SAML}}}EncryptedAssertion")
    return encoded(root)


@refused_as("saml_assertion_encrypted")
def signed_plain_and_encrypted_victim(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    etree.SubElement(root, f"{{{SAML}}}EncryptedAssertion")
    return encoded(root)


@refused_as("saml_response_shape")
def an_assertion_without_response(response: Response, sign: str) -> str:
    root = etree.fromstring(response.assertion_xml())
    return encoded(signed(root, target="Assertion"))


@refused_as("saml_response_shape")
def a_response_without_assertion(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    root.remove(next(root.iter(ASSERTION)))
    return encoded(_sign(root, "Response"))


@refused_as("saml_response_shape")
def a_logout_response(response: Response, sign: str) -> str:
    text = response.xml().replace("samlp:Response", "samlp:LogoutResponse")
    del sign
    return encoded(text)


def _sign(root: etree._Element, sign: str) -> etree._Element:
    signed(root, target=sign)
    return root


def _signed_text(xml: str, sign: str) -> str:
    return encoded(_sign(etree.fromstring(xml), sign))


def _respelled(response: Response, sign: str, old: str, new: str) -> str:
    xml = response.xml()
    assert old in xml
    return _signed_text(xml.replace(old, new), sign)


def _stamp(response: Response) -> str:
    return response.now.strftime("%Y-%m-%dT%H:%M:%SZ")
