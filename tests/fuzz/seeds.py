"""What fuzzing starts from: good documents, every hostile one, and the kept corpus."""

import base64
import binascii
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

from tests.fakes.hostile import HOSTILE
from tests.fakes.hostile_logouts import HOSTILE_LOGOUTS
from tests.fakes.idp import Response, a_key_pair, a_tree
from tests.fakes.idp_encryption import an_encrypted_tree
from tests.fakes.idp_logouts import Logout, Query, a_signed_tree
from tests.fakes.idp_metadata import metadata_xml

# A signature cannot tell a comment or CDATA from none (exclusive canonicalisation drops both), so
# that rebuilding these makes what the provider did sign for another name: an honest response.
SIGNED_FOR_ANOTHER = frozenset({"comment_in_name_id", "cdata_in_name_id"})
CORPUS = Path(__file__).resolve().parents[1] / "fixtures" / "fuzz"


@cache
def fresh(target: str) -> list[bytes]:
    """Documents written now, so that their signatures are by keys that are trusted now."""
    return list({"guard": _responses, "metadata": _metadata, "logout": _logouts}[target]())


def kept(target: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted((CORPUS / target).glob("*.bin"))]


def _responses() -> Iterator[bytes]:
    for sign in ("Assertion", "Response", "both", "none"):
        yield etree.tostring(a_tree(Response(), sign=sign))
    yield etree.tostring(an_encrypted_tree(Response()))
    for hostile in HOSTILE:
        if hostile.name in SIGNED_FOR_ANOTHER:
            continue
        try:
            yield base64.b64decode(hostile.build(Response(), "Assertion"), validate=True)
        except (binascii.Error, ValueError):
            continue


def _logouts() -> Iterator[bytes]:
    for kind in ("LogoutRequest", "LogoutResponse"):
        logout = Logout(kind=kind)
        yield etree.tostring(a_signed_tree(logout))
        yield logout.xml().encode()
        yield Query(relay_state="token 1").of(logout).encode()
    for hostile in HOSTILE_LOGOUTS:
        message = hostile.message()
        if isinstance(message, str):
            yield message.encode()
            continue
        for text in next(iter(message.values()), []):
            try:
                yield base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue


def _metadata() -> Iterator[bytes]:
    plain = metadata_xml()
    yield plain.encode()
    yield metadata_xml(
        a_key_pair(), a_key_pair("renewed"), a_key_pair("curve", kind="ec256")
    ).encode()
    yield metadata_xml(a_key_pair("weak", kind="rsa1024")).encode()
    yield plain.replace(' use="signing"', "").encode()
    yield plain.replace('use="signing"', 'use="encryption"').encode()
    yield plain.replace("entityID=", 'validUntil="2026-12-01T00:00:00Z" entityID=').encode()
    yield plain.replace("HTTP-Redirect", "HTTP-POST").encode()
    yield f'<?xml version="1.0" encoding="utf-8"?>{plain}'.encode()
    other = metadata_xml(entity_id="https://other.customer.example/metadata")
    opened = '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">'
    yield f"{opened}{plain}{other}</md:EntitiesDescriptor>".encode()
