"""Logout messages that must be refused, each with the code of the check that refuses it."""

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

import xmlsec
from lxml import etree

from tests.fakes.idp import DS, SAML, SAMLP, Signing, a_key_pair, encoded
from tests.fakes.idp_logouts import (
    MORE,
    RSA_SHA256,
    Logout,
    Query,
    a_signed_tree,
    deflated,
    signature_of,
)

Form = Mapping[str, Sequence[str]]
GOOD = Logout()
MALLORY = a_key_pair("mallory")
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"


@dataclass(frozen=True)
class HostileLogout:
    """One message: a query, or a form."""

    name: str
    code: str
    message: Callable[[], str | Form]


def _form(document: etree._Element | str | bytes, parameter: str = "SAMLRequest") -> Form:
    return {parameter: [encoded(document)]}


def _changed(change: Callable[[etree._Element], None], logout: Logout = GOOD) -> Form:
    root = a_signed_tree(logout)
    change(root)
    return _form(root)


def _wrapped(root: etree._Element) -> None:
    """XSW: the signed request moves into a copy that names another person."""
    evil = etree.fromstring(
        f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_evil" Version="2.0" '
        f'IssueInstant="{root.get("IssueInstant")}"/>'
    )
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    etree.SubElement(signature, f"{{{DS}}}Object").append(evil)


def _other_name(root: etree._Element) -> None:
    name_id = root.find(f"{{{SAML}}}NameID")
    assert name_id is not None
    name_id.text = "ceo@customer.example"


def _hollow_digest(root: etree._Element) -> None:
    digest = next(root.iter(f"{{{DS}}}DigestValue"))
    digest.text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def _twice(root: etree._Element) -> None:
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    root.insert(1, etree.fromstring(etree.tostring(signature)))


def _moved(root: etree._Element) -> None:
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    root.append(signature)


def _raw(query: str, old: str, new: str) -> str:
    assert old in query
    return query.replace(old, new, 1)


def _signed_another(query: str) -> str:
    """A good signature of one message beside another message."""
    other = Query().of(replace(GOOD, name_id="ceo@customer.example"))
    return f"{other.partition('&')[0]}&{query.partition('&')[2]}"


def _with(**changes: object) -> Logout:
    return replace(GOOD, **changes)  # type: ignore[arg-type]


def _hmac_query() -> str:
    return Query(algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1").of(GOOD)


def _reordered_signature() -> str:
    """Signed as it stands in the address, and not in the order that the binding names."""
    message = quote(base64.b64encode(deflated(GOOD.xml())).decode(), safe="")
    octets = f"SigAlg={quote(RSA_SHA256, safe='')}&SAMLRequest={message}"
    signature = base64.b64encode(signature_of(octets.encode(), key=a_key_pair())).decode()
    return f"{octets}&Signature={quote(signature, safe='')}"


def _both_kinds() -> str:
    return f"{Query().of(GOOD)}&SAMLResponse=AAAA"


def _nested(depth: int) -> str:
    return "<a>" * depth + "</a>" * depth


BY_QUERY: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("unsigned", "saml_logout_unsigned", lambda: Query(signed=False, algorithm=None).of(GOOD)),
    ("algorithm_without_signature", "saml_logout_unsigned", lambda: Query(signed=False).of(GOOD)),
    ("signature_without_algorithm", "saml_logout_unsigned", lambda: Query(algorithm=None).of(GOOD)),
    (
        "blank_signature",
        "saml_logout_unsigned",
        lambda: Query(signed=False).of(GOOD) + "&Signature=",
    ),
    ("strangers_key", "saml_signature_invalid", lambda: Query(key=MALLORY).of(GOOD)),
    (
        "sha1",
        "saml_signature_algorithm",
        lambda: Query(algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1").of(GOOD),
    ),
    ("md5", "saml_signature_algorithm", lambda: Query(algorithm=f"{MORE}rsa-md5").of(GOOD)),
    ("hmac", "saml_signature_algorithm", _hmac_query),
    ("no_algorithm", "saml_signature_algorithm", lambda: Query(algorithm="none").of(GOOD)),
    (
        "ecdsa_with_an_rsa_key",
        "saml_signature_invalid",
        lambda: Query(algorithm=f"{MORE}ecdsa-sha256").of(GOOD),
    ),
    (
        "other_digest_than_signed",
        "saml_signature_invalid",
        lambda: Query(algorithm=f"{MORE}rsa-sha512").of(GOOD),
    ),
    ("signature_of_another", "saml_signature_invalid", lambda: _signed_another(Query().of(GOOD))),
    ("signed_in_another_order", "saml_signature_invalid", _reordered_signature),
    (
        "relay_state_added",
        "saml_signature_invalid",
        lambda: Query().of(GOOD) + "&RelayState=https%3A%2F%2Fevil.example",
    ),
    (
        "relay_state_changed",
        "saml_signature_invalid",
        lambda: _raw(Query(relay_state="one").of(GOOD), "RelayState=one", "RelayState=two"),
    ),
    (
        "escapes_normalised_on_the_way",
        "saml_signature_invalid",
        lambda: _raw(Query(relay_state="a/b").of(GOOD), "a%2Fb", "a%2fb"),
    ),
    (
        "signature_no_base64",
        "saml_signature_invalid",
        lambda: Query(signed=False).of(GOOD) + "&Signature=%21%21",
    ),
    ("message_doubled", "saml_logout_parameters", lambda: Query(extra="&SAMLRequest=x").of(GOOD)),
    ("signature_doubled", "saml_logout_parameters", lambda: Query(extra="&Signature=x").of(GOOD)),
    (
        "name_of_a_parameter_escaped",
        "saml_logout_parameters",
        lambda: Query(extra="&%53AMLRequest=x").of(GOOD),
    ),
    ("request_and_response", "saml_logout_parameters", _both_kinds),
    ("nothing", "saml_logout_parameters", lambda: ""),
    ("no_message", "saml_logout_parameters", lambda: "RelayState=x&SigAlg=y&Signature=z"),
    ("not_ascii", "saml_logout_parameters", lambda: Query().of(GOOD) + "&RelayState=\u00e9"),
    ("long_query", "saml_logout_too_large", lambda: Query().of(GOOD) + "&x=" + "a" * 40_000),
    (
        "long_relay_state",
        "saml_logout_parameters",
        lambda: Query(relay_state="a" * 1_100).of(GOOD),
    ),
    (
        "relay_state_with_line_breaks",
        "saml_logout_parameters",
        lambda: Query(relay_state="a\r\nSet-Cookie: x=y").of(GOOD),
    ),
    (
        "other_encoding",
        "saml_logout_not_decodable",
        lambda: Query().of(GOOD) + "&SAMLEncoding=urn%3Aplain",
    ),
    ("no_deflate", "saml_logout_not_decodable", lambda: Query().packed(b"\xff\xff\xff")),
    (
        "deflate_cut_short",
        "saml_logout_not_decodable",
        lambda: Query().packed(deflated(GOOD.xml())[:-4]),
    ),
    (
        "bytes_after_the_end",
        "saml_logout_not_decodable",
        lambda: Query().packed(deflated(GOOD.xml()) + b"more"),
    ),
    (
        "wrapped_in_zlib",
        "saml_logout_not_decodable",
        lambda: Query().packed(zlib.compress(GOOD.xml().encode())),
    ),
    (
        "white_space_bomb",
        "saml_logout_too_large",
        lambda: Query().packed(deflated(" " * 20_000_000)),
    ),
    (
        "signed_inside_too",
        "saml_response_shape",
        lambda: Query().of(etree.tostring(a_signed_tree(GOOD))),
    ),
    (
        "response_as_request",
        "saml_response_shape",
        lambda: Query().of(Logout(kind="LogoutResponse").xml()),
    ),
)

BY_EITHER: tuple[tuple[str, str, Logout], ...] = (
    ("foreign_issuer", "saml_logout_issuer_mismatch", _with(issuer="https://evil.example/")),
    ("blank_issuer", "saml_logout_issuer_mismatch", _with(issuer="")),
    ("no_issuer", "saml_value_unreadable", _with(issuer=None)),
    (
        "issuer_with_a_blank",
        "saml_logout_issuer_mismatch",
        _with(issuer=f"{' '}https://idp.customer.example/metadata"),
    ),
    ("no_destination", "saml_logout_destination_mismatch", _with(destination=None)),
    ("blank_destination", "saml_logout_destination_mismatch", _with(destination="")),
    (
        "destination_begins_alike",
        "saml_logout_destination_mismatch",
        _with(destination=f"{GOOD.destination}x"),
    ),
    (
        "destination_of_the_acs",
        "saml_logout_destination_mismatch",
        _with(destination=f"{str(GOOD.destination)[:-5]}/acs/"),
    ),
    (
        "destination_of_another_namespace",
        "saml_logout_destination_mismatch",
        _with(destination=str(GOOD.destination).replace("/acme/", "/acme2/")),
    ),
    (
        "destination_in_capitals",
        "saml_logout_destination_mismatch",
        _with(destination=str(GOOD.destination).upper()),
    ),
    ("issued_long_ago", "saml_logout_expired", _with(issued=timedelta(minutes=-6))),
    ("issued_years_ago", "saml_logout_expired", _with(issued=timedelta(days=-3650))),
    ("issued_in_the_future", "saml_logout_not_yet_valid", _with(issued=timedelta(minutes=2))),
    ("over", "saml_logout_expired", _with(not_on_or_after=timedelta(seconds=-60))),
    ("version_1", "saml_logout_version", _with(version="1.1")),
    ("blank_name", "saml_logout_names_nobody", _with(name_id="")),
    ("blanks_for_a_name", "saml_logout_names_nobody", _with(name_id="  ")),
    ("name_with_a_blank", "saml_logout_names_nobody", _with(name_id=" joe@customer.example")),
    ("long_name", "saml_logout_names_nobody", _with(name_id="j" * 1_100)),
    ("name_with_a_line_break", "saml_logout_names_nobody", _with(name_id="joe\nann")),
    ("blank_session", "saml_logout_names_nobody", _with(session_indexes=("",))),
    (
        "many_sessions",
        "saml_value_unreadable",
        _with(session_indexes=[f"_{number}" for number in range(60)]),
    ),
    ("no_name", "saml_schema_violated", _with(name_id_xml="")),
    (
        "encrypted_name",
        "saml_response_shape",
        _with(name_id_xml="<saml:EncryptedID>x</saml:EncryptedID>"),
    ),
    (
        "base_identifier",
        "saml_response_shape",
        _with(name_id_xml='<saml:BaseID NameQualifier="x"/>'),
    ),
    (
        "child_in_the_name",
        "saml_response_shape",
        _with(name_id_xml="<saml:NameID>joe<b/>@customer.example</saml:NameID>"),
    ),
    (
        "comment_in_the_name",
        "saml_response_not_plain_xml",
        _with(name_id_xml="<saml:NameID>joe@customer.example<!---->.evil</saml:NameID>"),
    ),
    (
        "instruction_in_the_name",
        "saml_response_not_plain_xml",
        _with(name_id_xml="<saml:NameID>joe<?x y?>@customer.example</saml:NameID>"),
    ),
    (
        "two_names",
        "saml_response_shape",
        _with(name_id_xml="<saml:NameID>joe</saml:NameID><saml:NameID>ann</saml:NameID>"),
    ),
    (
        "extensions",
        "saml_response_shape",
        _with(inside="<samlp:Extensions><x/></samlp:Extensions>"),
    ),
    ("text_between", "saml_response_shape", _with(inside="text")),
    ("no_id", "saml_identifier_not_unique", _with(message_id=None)),
    ("id_begins_with_a_digit", "saml_identifier_not_unique", _with(message_id="1x")),
    ("deep", "saml_response_too_large", _with(inside=_nested(60))),
    ("wide", "saml_response_too_large", _with(inside="<a/>" * 5_000)),
    ("relative_namespace", "saml_response_shape", _with(inside='<x:a xmlns:x="relative"/>')),
    (
        "entities",
        "saml_response_not_plain_xml",
        _with(
            before='<!DOCTYPE a [<!ENTITY b "ccc">]>', name_id_xml="<saml:NameID>j</saml:NameID>"
        ),
    ),
)

BY_FORM: tuple[tuple[str, str, Callable[[], Form]], ...] = (
    ("unsigned", "saml_logout_unsigned", lambda: _form(GOOD.xml())),
    (
        "strangers_key",
        "saml_signature_invalid",
        lambda: _form(a_signed_tree(GOOD, signing=Signing(key=MALLORY))),
    ),
    ("name_changed", "saml_signature_invalid", lambda: _changed(_other_name)),
    ("wrapped_in_an_object", "saml_response_shape", lambda: _changed(_wrapped)),
    ("digest_of_nothing", "saml_signature_invalid", lambda: _changed(_hollow_digest)),
    ("signed_twice", "saml_response_shape", lambda: _changed(_twice)),
    ("signature_at_the_end", "saml_signature_shape", lambda: _changed(_moved)),
    (
        "reference_to_everything",
        "saml_signature_shape",
        lambda: _form(a_signed_tree(GOOD, signing=Signing(uri=""))),
    ),
    (
        "sha1",
        "saml_signature_algorithm",
        lambda: _form(
            a_signed_tree(
                GOOD, signing=Signing(method="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
            )
        ),
    ),
    (
        "sha1_digest",
        "saml_signature_algorithm",
        lambda: _form(
            a_signed_tree(GOOD, signing=Signing(digest="http://www.w3.org/2000/09/xmldsig#sha1"))
        ),
    ),
    (
        "no_canonicalisation",
        "saml_signature_shape",
        lambda: _form(a_signed_tree(GOOD, signing=Signing(transforms=(ENVELOPED,)))),
    ),
    ("xpath", "saml_signature_shape", lambda: _changed(_transform(XPATH))),
    ("xslt", "saml_signature_shape", lambda: _changed(_transform(XSLT))),
    (
        "deflated",
        "saml_response_not_decodable",
        lambda: {"SAMLRequest": [base64.b64encode(deflated(GOOD.xml())).decode()]},
    ),
    ("no_base64", "saml_response_not_decodable", lambda: {"SAMLRequest": ["<xml/>"]}),
    ("long", "saml_response_too_large", lambda: {"SAMLRequest": ["A" * 100_001]}),
    (
        "message_doubled",
        "saml_logout_parameters",
        lambda: {"SAMLRequest": [encoded(a_signed_tree(GOOD))] * 2},
    ),
    (
        "request_and_response",
        "saml_logout_parameters",
        lambda: {"SAMLRequest": ["x"], "SAMLResponse": ["y"]},
    ),
    ("nothing", "saml_logout_parameters", dict),
    (
        "a_sign_in_response",
        "saml_response_shape",
        lambda: _form(f'<samlp:Response xmlns:samlp="{SAMLP}" ID="_a"/>', "SAMLResponse"),
    ),
    (
        "utf16",
        "saml_response_not_decodable",
        lambda: _form(GOOD.xml().encode("utf-16")),
    ),
)


def _transform(algorithm: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        next(root.iter(f"{{{DS}}}Transform")).set("Algorithm", algorithm)

    return change


def _signed_form(logout: Logout) -> Form:
    """With a real signature where xmlsec can make one, else with one of the right shape."""
    if logout.before:  # A document type is lost in signing.
        return _form(logout.xml())
    try:
        return _form(a_signed_tree(logout))
    except (etree.XMLSyntaxError, ValueError, xmlsec.Error):
        return _form(logout.xml())


HOSTILE_LOGOUTS: tuple[HostileLogout, ...] = (
    *(HostileLogout(f"query_{name}", code, build) for name, code, build in BY_QUERY),
    *(HostileLogout(f"form_{name}", code, build) for name, code, build in BY_FORM),
    *(
        HostileLogout(f"query_{name}", code, lambda logout=logout: Query().of(logout))  # type: ignore[misc]
        for name, code, logout in BY_EITHER
    ),
    *(
        HostileLogout(f"form_{name}", code, lambda logout=logout: _signed_form(logout))  # type: ignore[misc]
        for name, code, logout in BY_EITHER
        if logout.message_id is not None and logout.issuer is not None
    ),
)
