"""The structural guard: what a SAML message must look like before any cryptography runs.

Transforms run before a signature fails, so a stranger's key is enough to make an XML signature
library work for minutes (XSLT, XPath). Here nothing is computed: bytes are bounded, parsed once
by the one parser of this service, and compared with the only shape that is accepted. Everything
that signature wrapping needs (a second assertion, a wrapper, an Object, an Advice, an
Extensions, a twin ID) has no place in that shape.
"""

import re
from dataclasses import dataclass

from lxml import etree

from federation.adapters import lxml_saml_signatures as signatures
from federation.adapters.lxml_saml_documents import (
    ENCRYPTED_ASSERTION,
    ResponseShapeUnknown,
    check_extent,
    parsed,
)
from federation.adapters.lxml_saml_encryption import Sealed, sealed
from federation.adapters.lxml_saml_shapes import (
    CHILDREN,
    CONTAINERS,
    ID_HOLDERS,
    REPEATABLE,
    TEXT_HOLDERS,
    ds,
    saml,
    samlp,
)
from federation.domain.assertions import StatusNotSuccess
from federation.domain.saml import SUCCESS, ResponseRefused

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
SIGNATURE = ds("Signature")
IDENTIFIED = frozenset(
    {samlp("Response"), samlp("LogoutRequest"), samlp("LogoutResponse"), saml("Assertion")}
)


class IdentifierNotUnique(ResponseRefused):
    code = "saml_identifier_not_unique"
    sentence = "The identifiers in the response are missing, doubled or in the wrong place."
    check = "identifiers"


class SignatureMissing(ResponseRefused):
    code = "saml_signature_missing"
    sentence = "Nothing in the response is signed. Have the identity provider sign the assertion."
    check = "signature"


class AssertionNotEncrypted(ResponseRefused):
    code = "saml_assertion_not_encrypted"
    sentence = (
        "The assertion is not encrypted, and this provider must encrypt it. Let it import our "
        "current metadata and switch encryption on."
    )
    check = "encryption"


class AssertionEncrypted(ResponseRefused):
    code = "saml_assertion_encrypted"
    sentence = (
        "The assertion is encrypted, and this service gave out no key for that. Give the identity "
        "provider our metadata, or switch encryption off there."
    )
    check = "encryption"


@dataclass(frozen=True, slots=True)
class GuardedResponse:
    """A response that has the right shape. Nothing in it is trusted yet.

    It holds either a plain assertion or an encrypted one.
    """

    response: etree._Element
    assertion: etree._Element | None
    sealed: Sealed | None
    response_signed: bool

    @property
    def assertion_signed(self) -> bool:
        return self.assertion is not None and self.assertion.find(SIGNATURE) is not None


def guarded(*, raw: bytes, opens: bool = False) -> GuardedResponse:
    """The response's parts, if the document has the only shape that is accepted.

    `opens` says whether we have keys to open an encrypted assertion with.
    """
    root = _bounded(raw=raw, tags=frozenset({samlp("Response")}))
    encrypted = root.find(ENCRYPTED_ASSERTION)
    if encrypted is not None and not opens:
        raise AssertionEncrypted
    _check_places(root)
    _check_identifiers(root)
    _check_status(root)
    assertion = root.find(saml("Assertion"))
    if (assertion is None) == (encrypted is None):
        raise ResponseShapeUnknown(what="it must hold one assertion")
    signed = [_check_signature(part) for part in (root, assertion) if part is not None]
    if not any(signed) and encrypted is None:
        raise SignatureMissing
    return GuardedResponse(
        response=root,
        assertion=assertion,
        sealed=None if encrypted is None else sealed(element=encrypted),
        response_signed=signed[0],
    )


def guarded_assertion(*, raw: bytes) -> etree._Element:
    """An assertion that was encrypted. It must be signed itself: anybody can encrypt to us."""
    root = _bounded(raw=raw, tags=frozenset({saml("Assertion")}))
    _check_places(root)
    _check_identifiers(root)
    if not _check_signature(root):
        raise SignatureMissing
    return root


def guarded_logout(*, raw: bytes, name: str) -> etree._Element:
    """A LogoutRequest or LogoutResponse (`name`) of the right shape, signed inside or not."""
    root = _bounded(raw=raw, tags=frozenset({samlp(name)}))
    _check_places(root)
    _check_identifiers(root)
    _check_signature(root)
    return root


def _bounded(*, raw: bytes, tags: frozenset[str]) -> etree._Element:
    """The root, if it is one of these and the document is not too large or too deep."""
    root = parsed(raw=raw)
    if root.tag not in tags:
        names = " or ".join(sorted(etree.QName(tag).localname for tag in tags))
        raise ResponseShapeUnknown(what=f"its root is no {names}")
    check_extent(root)
    return root


def _check_signature(parent: etree._Element) -> bool:
    """Whether it is signed; its signature has the one accepted shape."""
    signature = parent.find(SIGNATURE)
    if signature is None:
        return False
    signatures.check(signature=signature, parent=parent)
    return True


def _check_places(root: etree._Element) -> None:
    """Every element, but for those within an encrypted assertion, which have their own table."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag == ENCRYPTED_ASSERTION:
            continue
        _check_place(element)
        waiting.extend(element)


def _check_status(root: etree._Element) -> None:
    """A failure is told by its own words, before anything else is missed in it."""
    code = root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
    if code is not None and code.get("Value") == SUCCESS:
        return
    nested = None if code is None else code.find(samlp("StatusCode"))
    words = [c.get("Value", "").rsplit(":", 1)[-1][:80] for c in (code, nested) if c is not None]
    raise StatusNotSuccess(status=", ".join(filter(None, words)) or "nothing")


def _check_place(element: etree._Element) -> None:
    """Only known elements, each only where it belongs, once unless it may repeat."""
    allowed = CHILDREN.get(element.tag)
    if allowed is None:
        raise ResponseShapeUnknown(what=f"{_local(element)} has no place in it")
    tags = [child.tag for child in element]
    if not allowed.issuperset(tags):
        raise ResponseShapeUnknown(what=f"{_local(element)} may not hold what it holds")
    distinct = set(tags)
    if len(distinct) != len(tags) and any(
        tags.count(tag) > 1 and (element.tag, tag) not in REPEATABLE for tag in distinct
    ):
        raise ResponseShapeUnknown(what=f"{_local(element)} holds something twice")
    if element.tag in CONTAINERS and _has_text(element):
        raise ResponseShapeUnknown(what=f"{_local(element)} may not hold text")
    if element.tag in TEXT_HOLDERS and len(element):
        raise ResponseShapeUnknown(what=f"{_local(element)} may hold text only")


def _has_text(element: etree._Element) -> bool:
    texts = [element.text, *(child.tail for child in element)]
    return any(text and not text.isspace() for text in texts)


def _check_identifiers(root: etree._Element) -> None:
    seen: set[str] = set()
    for element in root.iter():
        for attribute, raw in element.attrib.items():
            value = str(raw)
            if etree.QName(attribute).localname.lower() != "id":
                continue
            if ID_HOLDERS.get(element.tag) != attribute or attribute == XML_ID:
                raise IdentifierNotUnique
            if value in seen or not NAME.fullmatch(value):
                raise IdentifierNotUnique
            seen.add(value)
        if element.tag in IDENTIFIED and "ID" not in element.attrib:
            raise IdentifierNotUnique


def _local(element: etree._Element) -> str:
    """An element's own name, bounded: it is the sender's text."""
    return etree.QName(element).localname[:40]
