"""SAML documents as they arrive: bounded, decoded and parsed once by the one parser.

What they may hold is compared in `lxml_saml_guard.py`; nothing here is trusted.
"""

import base64
import binascii
import re

from lxml import etree

from federation.adapters.lxml_saml_shapes import saml
from federation.domain.captures import LONGEST_RESPONSE
from federation.domain.saml import ResponseRefused

MOST_ELEMENTS = 4_000
DEEPEST = 24
MOST_ATTRIBUTES = 12
XML_DECLARATION = re.compile(rb"\A<\?xml\s[^<>]{0,200}?\?>")
DECLARED_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")
ENCRYPTED_ASSERTION = saml("EncryptedAssertion")


class ResponseTooLarge(ResponseRefused):
    code = "saml_response_too_large"
    sentence = (
        "The response is larger or more deeply nested than a sign-in ever needs. Have the "
        "identity provider send fewer groups and attributes."
    )
    check = "size"


class ResponseNotDecodable(ResponseRefused):
    code = "saml_response_not_decodable"
    sentence = "The response is not base64 of a UTF-8 document."
    check = "encoding"


class ResponseNotPlainXML(ResponseRefused):
    code = "saml_response_not_plain_xml"
    sentence = (
        "The response is not plain XML: comments, CDATA, processing instructions and document "
        "types are not accepted."
    )
    check = "XML"


class ResponseShapeUnknown(ResponseRefused):
    code = "saml_response_shape"
    sentence = "The response is not built as a sign-in response is: {what}."
    check = "shape"


def parser() -> etree.XMLParser:
    """The one parser of SAML documents: no entities, no DTD, no network, no huge trees."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=False,
        remove_pis=False,
        strip_cdata=False,
        encoding="utf-8",
    )


def decoded(*, text: str) -> bytes:
    """The bytes of a base64 form value, bounded and strict. Raises ResponseRefused."""
    if len(text) > LONGEST_RESPONSE:
        raise ResponseTooLarge
    try:
        # Line breaks are how some senders wrap base64; anything else is refused.
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise ResponseNotDecodable from error


def parsed(*, raw: bytes) -> etree._Element:
    """The root of a document that holds elements, attributes and text only."""
    try:
        raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise ResponseNotDecodable from error
    declaration = XML_DECLARATION.match(raw)
    body = raw[declaration.end() :] if declaration else raw
    if declaration:
        encoding = DECLARED_ENCODING.search(declaration.group())
        if encoding and encoding.group(1).lower() != b"utf-8":
            raise ResponseNotDecodable
    # In well-formed XML a raw "<!" opens only a comment, CDATA or DTD, and "<?" only a
    # processing instruction: neither may stand in text or in an attribute.
    if b"<!" in body or b"<?" in body or not body.lstrip(b" \t\r\n").startswith(b"<"):
        raise ResponseNotPlainXML
    try:
        return etree.fromstring(raw, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ResponseNotPlainXML from error


def check_extent(root: etree._Element) -> None:
    """Bounds on elements, attributes and depth, and what namespaces may be.

    Relative namespace names make canonicalisation fail silently, and a prefix that changes its
    meaning is read differently by different readers. The default namespace may change: Entra
    and AD FS write assertions so. So may any within an encrypted assertion, whose parts pysaml2
    names anew: nobody but us reads them.
    """
    count, depth, opaque = 0, 0, 0
    meanings: dict[str, str] = {}
    for event, item in etree.iterwalk(root, events=("start", "end", "start-ns", "comment", "pi")):
        if event == "start-ns":
            prefix, name = item
            if name and ":" not in name:
                raise ResponseShapeUnknown(what="a namespace name is relative")
            if prefix and not opaque and meanings.setdefault(prefix, name) != name:
                raise ResponseShapeUnknown(what="a namespace prefix changes its meaning")
        elif event == "start":
            count, depth, opaque = count + 1, depth + 1, opaque + (item.tag == ENCRYPTED_ASSERTION)
            if count > MOST_ELEMENTS or depth > DEEPEST or len(item.attrib) > MOST_ATTRIBUTES:
                raise ResponseTooLarge
        elif event == "end":
            depth, opaque = depth - 1, opaque - (item.tag == ENCRYPTED_ASSERTION)
        else:
            raise ResponseNotPlainXML
