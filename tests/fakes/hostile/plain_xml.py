"""The document is not plain XML in UTF-8."""

import base64
import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, VICTIM, XSI, Cases, changed, sign_as
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import SAML, Response, a_response, a_tree, encoded

cases = Cases()


def _inside_name_id(response: Response, text: str) -> Response:
    return replace(response, name_id_xml=f"<saml:NameID>{text}</saml:NameID>")


@cases.refused_as("saml_response_not_plain_xml")
def comment_in_name_id(response: Response, sign: str) -> str:
    return a_response(_inside_name_id(response, f"{VICTIM}<!-- x -->.evil.example"), sign=sign)


@cases.refused_as("saml_response_not_plain_xml")
def instruction_in_name_id(response: Response, sign: str) -> str:
    return a_response(_inside_name_id(response, f"{VICTIM}<?x y?>.evil.example"), sign=sign)


@cases.refused_as("saml_response_not_plain_xml")
def cdata_in_name_id(response: Response, sign: str) -> str:
    text = response.xml().replace(response.name_id, f"<![CDATA[{VICTIM}]]>")
    root = etree.fromstring(text, etree.XMLParser(strip_cdata=False))
    return encoded(sign_as(root, sign))


@cases.refused_as("saml_response_shape")
def child_in_name_id(response: Response, sign: str) -> str:
    inside = f"{VICTIM}<saml:Issuer>x</saml:Issuer>.evil.example"
    return a_response(_inside_name_id(response, inside), sign=sign)


@cases.refused_as("saml_response_not_plain_xml")
def comment_in_a_group(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    value = next(root.iter(f"{{{SAML}}}AttributeValue"))
    value.append(etree.Comment("x"))
    return encoded(sign_as(root, sign))


@cases.refused_as("saml_response_shape")
def child_in_a_group(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    value = next(root.iter(f"{{{SAML}}}AttributeValue"))
    etree.SubElement(value, f"{{{SAML}}}Assertion")
    return encoded(sign_as(root, sign))


@cases.refused_as("saml_response_not_plain_xml")
def document_type(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b"<!DOCTYPE x>" + raw)


@cases.refused_as("saml_response_not_plain_xml")
def billion_laughs(response: Response, sign: str) -> str:
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    raw = etree.tostring(a_tree(response, sign=sign)).decode()
    return encoded(f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>{raw.replace("joe", "&a9;")}')


@cases.refused_as("saml_response_not_plain_xml")
def external_entity(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign)).decode().replace("joe", "&e;")
    return encoded(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{raw}')


@cases.refused_as("saml_response_not_plain_xml")
def undeclared_entity(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)).decode().replace("joe", "&e;"))


@cases.refused_as("saml_response_not_plain_xml")
def style_sheet_before_it(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml-stylesheet href="https://evil.example/x.xsl"?>' + raw)


@cases.refused_as("saml_response_not_decodable")
def utf_sixteen(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign), encoding="UTF-16"))


@cases.refused_as("saml_response_not_decodable")
def utf_seven_declared(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml version="1.0" encoding="UTF-7"?>' + raw)


@cases.refused_as("saml_response_not_decodable")
def latin_one_declared(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + raw)


@cases.refused_as("saml_response_not_plain_xml")
def byte_order_mark(response: Response, sign: str) -> str:
    return encoded(b"\xef\xbb\xbf" + etree.tostring(a_tree(response, sign=sign)))


@cases.refused_as("saml_response_not_plain_xml")
def nul_inside(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)).replace(b"joe", b"j\0oe"))


@cases.refused_as("saml_response_not_plain_xml")
def truncated(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign))[:-40])


@cases.refused_as("saml_response_not_plain_xml")
def something_after_the_end(response: Response, sign: str) -> str:
    return encoded(etree.tostring(a_tree(response, sign=sign)) + b"<x/>")


@cases.refused_as("saml_response_not_plain_xml")
def nothing_at_all(response: Response, sign: str) -> str:
    return ""


@cases.refused_as("saml_response_not_plain_xml")
def not_xml(response: Response, sign: str) -> str:
    return encoded("SAMLResponse")


@cases.refused_as("saml_response_not_decodable")
def not_base64(response: Response, sign: str) -> str:
    return a_response(response, sign=sign)[:-10] + "!!!!======"


@cases.refused_as("saml_response_not_decodable")
def base64_of_letters_beyond_ascii(response: Response, sign: str) -> str:
    return "ÄÖÜ="


def _around(name: str, prefix: bytes, suffix: bytes, *codes: str) -> None:
    """A good response with something before or behind it."""

    def build(response: Response, sign: str) -> str:
        return encoded(prefix + etree.tostring(a_tree(response, sign=sign)) + suffix)

    cases.add(name, build, *codes)


PLAIN = "saml_response_not_plain_xml"
DECODABLE = "saml_response_not_decodable"
_around("document_type_in_small_letters", b"<!doctype x>", b"", PLAIN)
_around("document_type_behind_it", b"", b"<!DOCTYPE x>", PLAIN)
_around("comment_before_it", b"<!-- x -->", b"", PLAIN)
_around("instruction_behind_it", b"", b"<?x y?>", PLAIN)
_around("two_declarations", b'<?xml version="1.0"?><?xml version="1.0"?>', b"", PLAIN)
_around("blank_before_the_declaration", b' <?xml version="1.0"?>', b"", PLAIN)
_around("xml_of_version_nine", b'<?xml version="9.9"?>', b"", PLAIN)
_around("ebcdic_declared", b'<?xml version="1.0" encoding="IBM037"?>', b"", DECODABLE)
_around("utf_sixteen_declared", b'<?xml version="1.0" encoding="UTF-16"?>', b"", DECODABLE)
_around("zip_header_before_it", b"PK\x03\x04", b"", PLAIN)
_around("letters_before_it", b"x", b"", PLAIN)
_around("nul_behind_it", b"", b"\0", PLAIN)
_around("invalid_bytes_behind_it", b"", b"\xff\xfe", DECODABLE)


def _outside_entity(name: str, declaration: str) -> None:
    """Declared to be fetched from the lure, or from a file."""

    def build(response: Response, sign: str) -> str:
        raw = etree.tostring(a_tree(response, sign=sign)).decode().replace("joe", "&e;")
        return encoded(f"<!DOCTYPE x {declaration.format(lure=lure().url)}>{raw}")

    cases.add(name, build, PLAIN)


_outside_entity("entity_to_fetch", '[<!ENTITY e SYSTEM "{lure}/entity">]')
_outside_entity("parameter_entity_to_fetch", '[<!ENTITY % p SYSTEM "{lure}/p"> %p;]')
_outside_entity("document_type_to_fetch", 'SYSTEM "{lure}/x.dtd"')
_outside_entity("public_document_type_to_fetch", 'PUBLIC "-//X//Y" "{lure}/x.dtd"')
_outside_entity("attribute_declared_as_identifier", "[<!ATTLIST saml:Subject ID ID #IMPLIED>]")
_outside_entity("entity_of_a_device", '[<!ENTITY e SYSTEM "file:///dev/zero">]')


def _in_the_name(name: str, inside: bytes, *codes: str) -> None:
    """A good response in whose NameID some bytes are replaced."""

    def build(response: Response, sign: str) -> str:
        return encoded(etree.tostring(a_tree(response, sign=sign)).replace(b"joe", inside))

    cases.add(name, build, *codes)


_in_the_name("nul_by_reference", b"j&#0;oe", PLAIN)
_in_the_name("control_letter_by_reference", b"j&#1;oe", PLAIN)
_in_the_name("surrogate_by_reference", b"j&#xD800;oe", PLAIN)
_in_the_name("letter_beyond_unicode", b"j&#x110000;oe", PLAIN)
_in_the_name("overlong_utf_eight", b"j\xc0\xafoe", DECODABLE)
_in_the_name("surrogates_in_utf_eight", b"j\xed\xa0\x80oe", DECODABLE)
_in_the_name("open_bracket", b"j<oe", PLAIN)
_in_the_name("lonely_ampersand", b"j&oe", PLAIN)
_in_the_name("unbound_prefix", b"<evil:x/>joe", PLAIN)


def _transported(name: str, transport: Callable[[bytes], bytes | str], *codes: str) -> None:
    """A good response that is packed in another way than a POST asks for."""

    def build(response: Response, sign: str) -> str:
        packed = transport(etree.tostring(a_tree(response, sign=sign)))
        return packed if isinstance(packed, str) else encoded(packed)

    cases.add(name, build, *codes)


_transported("deflated", lambda raw: zlib.compress(raw)[2:-4], DECODABLE)
_transported("gzipped", gzip.compress, DECODABLE)
_transported("encoded_twice", base64.b64encode, PLAIN)
_transported("not_encoded", lambda raw: raw.decode(), DECODABLE)
_transported("percent_escaped", lambda raw: encoded(raw).replace("P", "%50"), DECODABLE)
_transported("alphabet_of_addresses", lambda raw: f"{encoded(raw)[:-4]}-_-_", DECODABLE)
_transported("utf_thirty_two", lambda raw: raw.decode().encode("utf-32"), DECODABLE)
_transported("html_page", lambda _: b"<html><body>Sign in</body></html>", "saml_response_shape")
_transported("json", lambda _: b'{"SAMLResponse": {}}', PLAIN)


@cases.refused_as("saml_response_shape")
def inclusion_to_fetch(response: Response, sign: str) -> str:
    def include(root: etree._Element) -> None:
        subject = next(root.iter(f"{{{SAML}}}Subject"))
        tag = "{http://www.w3.org/2001/XInclude}include"
        etree.SubElement(subject, tag).set("href", f"{lure().url}/included")

    return changed(response, sign, include)


@cases.refused_as("saml_signature_invalid")
def schema_to_fetch(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    for element in (root, next(root.iter(ASSERTION))):
        element.set(f"{{{XSI}}}schemaLocation", f"{SAML} {lure().url}/schema.xsd")
    return encoded(root)
