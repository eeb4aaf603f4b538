"""An assertion is encrypted in another way than is accepted, or there are several."""

import base64
from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, Cases, finished, sign_as, victim_of
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import DS, Response, a_key_pair, a_tree, encoded
from tests.fakes.idp_encryption import (
    ENCRYPTED,
    XENC,
    XENC11,
    Sealing,
    an_assertion,
    an_encrypted_tree,
    sealed,
)

cases = Cases()
SHAPE = "saml_encryption_shape"
ALGORITHM = "saml_encryption_algorithm"
NOT_OPENED = "saml_assertion_not_opened"
Spoil = Callable[[etree._Element], None]


def _sealing(name: str, code: str, **changes: object) -> None:
    """A good assertion, encrypted in a way that is not accepted."""

    def build(response: Response, sign: str) -> str:
        sealing = replace(Sealing(certificate_pem=response.seal_for), **changes)  # type: ignore[arg-type]
        return finished(an_encrypted_tree(response, sealing=sealing), sign)

    cases.add(name, build, code)


def _spoiled(name: str, spoil: Spoil, *codes: str) -> None:
    """A good encrypted assertion, whose wrapping is changed before the message is signed."""

    def build(response: Response, sign: str) -> str:
        root = an_encrypted_tree(response, sealing=Sealing(certificate_pem=response.seal_for))
        spoil(next(root.iter(ENCRYPTED)))
        return finished(root, sign)

    cases.add(name, build, *codes)


_sealing(
    "encrypted_to_a_stranger", NOT_OPENED, certificate_pem=a_key_pair("mallory").certificate_pem
)
_sealing("key_by_pkcs_one", ALGORITHM, transport=f"{XENC}rsa-1_5")
_sealing("key_transport_unknown", ALGORITHM, transport="urn:evil:none")
_sealing("encrypted_by_triple_des", ALGORITHM, method=f"{XENC}tripledes-cbc", key_bytes=24)
_sealing("encryption_unknown", ALGORITHM, method="urn:evil:gcm")
_sealing("content_key_too_short", NOT_OPENED, key_bytes=16)
_sealing(
    "digest_of_the_key_unknown", ALGORITHM, digest="http://www.w3.org/2001/04/xmldsig-more#md5"
)
_sealing("mask_unknown", ALGORITHM, transport=f"{XENC11}rsa-oaep", mask="urn:evil:mgf")
_sealing("mask_where_none_belongs", ALGORITHM, mask=f"{XENC11}mgf1sha256")
_sealing("mask_of_another_digest", NOT_OPENED, digest=f"{XENC}sha512")


def _part(element: etree._Element, tag: str, *, last: bool = False) -> etree._Element:
    found = list(element.iter(f"{{{XENC}}}{tag}"))
    return found[-1 if last else 0]


def _flip(element: etree._Element, *, last: bool) -> None:
    value = _part(element, "CipherValue", last=last)
    raw = bytearray(base64.b64decode(value.text or ""))
    raw[len(raw) // 2] ^= 1
    value.text = base64.b64encode(raw).decode()


def _reference(element: etree._Element, *, last: bool) -> None:
    data = _part(element, "CipherData", last=last)
    data.remove(data[0])
    etree.SubElement(data, f"{{{XENC}}}CipherReference").set("URI", f"{lure().url}/octets")


def _double(tag: str) -> Spoil:
    def spoil(element: etree._Element) -> None:
        part = _part(element, tag)
        part.addnext(etree.fromstring(etree.tostring(part)))

    return spoil


def _drop(tag: str, *, last: bool = False) -> Spoil:
    def spoil(element: etree._Element) -> None:
        part = _part(element, tag, last=last)
        parent = part.getparent()
        assert parent is not None
        parent.remove(part)

    return spoil


def _into(tag: str, inside: str) -> Spoil:
    def spoil(element: etree._Element) -> None:
        text = inside.replace("{lure}", lure().url)
        place = next(element.iter(tag))
        place.append(etree.fromstring(text))

    return spoil


def _set(tag: str, text: str, *, last: bool) -> Spoil:
    return lambda element: setattr(_part(element, tag, last=last), "text", text)


_spoiled("octets_to_fetch", lambda one: _reference(one, last=True), SHAPE)
_spoiled("key_octets_to_fetch", lambda one: _reference(one, last=False), SHAPE)
_spoiled("octets_changed", lambda one: _flip(one, last=True), NOT_OPENED)
_spoiled("key_octets_changed", lambda one: _flip(one, last=False), NOT_OPENED)
_spoiled("octets_empty", _set("CipherValue", "", last=True), NOT_OPENED)
_spoiled("octets_too_few", _set("CipherValue", "AAAA", last=True), NOT_OPENED)
_spoiled("octets_not_base64", _set("CipherValue", "!!", last=True), NOT_OPENED)
_spoiled("key_octets_empty", _set("CipherValue", "", last=False), NOT_OPENED)
_spoiled("two_content_keys", _double("EncryptedKey"), SHAPE)
_spoiled("two_data", _double("EncryptedData"), SHAPE)
_spoiled("two_cipher_values", _double("CipherValue"), SHAPE)
_spoiled("no_content_key", _drop("EncryptedKey"), SHAPE)
_spoiled("no_data", _drop("EncryptedData"), SHAPE)
_spoiled("no_method", _drop("EncryptionMethod"), SHAPE)
_spoiled("no_octets", _drop("CipherData", last=True), SHAPE)
_spoiled("data_is_content", lambda one: one[0].set("Type", f"{XENC}Content"), SHAPE)
_spoiled(
    "content_key_to_fetch",
    _into(f"{{{DS}}}KeyInfo", f'<ds:RetrievalMethod xmlns:ds="{DS}" URI="{{lure}}/key"/>'),
    SHAPE,
)
_spoiled(
    "content_key_agreed_upon",
    _into(f"{{{DS}}}KeyInfo", f'<e:AgreementMethod xmlns:e="{XENC}" Algorithm="urn:x"/>'),
    SHAPE,
)
_spoiled(
    "transforms_of_the_octets",
    _into(f"{{{XENC}}}CipherData", f'<e:Transforms xmlns:e="{XENC}"/>'),
    SHAPE,
)
_spoiled(
    "properties_of_the_encryption",
    _into(f"{{{XENC}}}EncryptedData", f'<e:EncryptionProperties xmlns:e="{XENC}"/>'),
    SHAPE,
)
_spoiled(
    "label_of_the_key",
    _into(f"{{{XENC}}}EncryptionMethod", f'<e:OAEPparams xmlns:e="{XENC}">AA==</e:OAEPparams>'),
    SHAPE,
)
_spoiled(
    "reference_to_other_data",
    _into(
        f"{{{XENC}}}EncryptedKey",
        f'<e:ReferenceList xmlns:e="{XENC}"><e:DataReference URI="#other"/></e:ReferenceList>',
    ),
    SHAPE,
)
_spoiled("words_between_the_parts", lambda one: setattr(one[0], "tail", "admin"), SHAPE)

# --- how many there are


def _several(
    name: str, *codes: str
) -> Callable[[Callable[[Response, etree._Element], None]], None]:
    """A response with an encrypted assertion, to which something is added."""

    def register(add: Callable[[Response, etree._Element], None]) -> None:
        def build(response: Response, sign: str) -> str:
            sealing = Sealing(certificate_pem=response.seal_for)
            root = an_encrypted_tree(response, sealing=sealing)
            add(response, root)
            return finished(root, sign)

        cases.add(name, build, *codes)

    return register


@_several("encrypted_and_a_plain_victim", "saml_response_shape")
def _plain_behind(response: Response, root: etree._Element) -> None:
    root.append(an_assertion(victim_of(response), sign=False))


@_several("a_plain_victim_and_an_encrypted_one", "saml_response_shape")
def _plain_before(response: Response, root: etree._Element) -> None:
    root.insert(len(root) - 1, an_assertion(victim_of(response), sign=False))


@_several("signed_plain_and_encrypted", "saml_response_shape")
def _signed_behind(response: Response, root: etree._Element) -> None:
    root.append(an_assertion(replace(response, assertion_id="_second")))


@_several("two_encrypted", "saml_response_shape")
def _two(response: Response, root: etree._Element) -> None:
    victim = etree.tostring(an_assertion(victim_of(response), sign=False))
    root.append(sealed(victim, Sealing(certificate_pem=response.seal_for)))


@cases.refused_as("saml_response_shape")
def encrypted_inside_an_assertion(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    inner = sealed(
        etree.tostring(an_assertion(response)), Sealing(certificate_pem=response.seal_for)
    )
    next(root.iter(ASSERTION)).append(inner)
    return encoded(sign_as(root, sign))


@cases.refused_as(SHAPE)
def encrypted_element_that_is_empty(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    root.remove(next(root.iter(ASSERTION)))
    etree.SubElement(root, ENCRYPTED)
    return finished(root, sign)
