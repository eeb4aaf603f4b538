"""Verifying logout messages: the raw query of HTTP-Redirect, or the document of HTTP-POST.

A query is verified before it is inflated and parsed: nothing that a stranger sends is worth
more than a look at its parameters and one signature check for each certificate.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import unquote, unquote_plus

from lxml import etree

from federation.adapters import (
    lxml_saml_documents as documents,
    lxml_saml_guard as guard,
    lxml_saml_statements as statements,
    python3saml_signatures as signatures,
)
from federation.adapters.python3saml_verifier import check_schema
from federation.domain import logouts
from federation.domain.logouts import LONGEST_RELAY_STATE, LogoutExpectation, ReceivedLogout
from federation.domain.saml import ResponseRefused

LONGEST_QUERY = 32_768
LONGEST_INFLATED = 100_000
DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
MESSAGES = {"SAMLRequest": "LogoutRequest", "SAMLResponse": "LogoutResponse"}
PARAMETERS = frozenset({*MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding"})


class LogoutTooLarge(ResponseRefused):
    code = "saml_logout_too_large"
    sentence = "The logout message is larger than one ever needs to be."
    check = "size"


class LogoutParametersUnknown(ResponseRefused):
    code = "saml_logout_parameters"
    sentence = "The parameters of the logout message are missing, doubled or encoded wrongly."
    check = "parameters"


class LogoutNotDecodable(ResponseRefused):
    code = "saml_logout_not_decodable"
    sentence = "The logout message is not a document in the encoding of its binding."
    check = "encoding"


class LogoutUnsigned(ResponseRefused):
    code = "saml_logout_unsigned"
    sentence = (
        "The logout message is not signed, and only signed ones count. Let the identity provider "
        "sign logout messages."
    )
    check = "signature"


class PythonSAMLLogoutVerifier:
    """The port's implementation."""

    def redirected(
        self, *, query: str, expectation: LogoutExpectation, now: datetime
    ) -> ReceivedLogout:
        raw = raw_parameters(query)
        parameter = the_message(raw)
        if not raw.get("SigAlg") or not raw.get("Signature"):
            raise LogoutUnsigned
        # This order and these very characters, lower-case escapes and all (bindings 3.4.4.1).
        signed = [name for name in (parameter, "RelayState", "SigAlg") if name in raw]
        signatures.verify_octets(
            octets="&".join(f"{name}={raw[name]}" for name in signed).encode("ascii"),
            algorithm=unquote(raw["SigAlg"]),
            signature=unquote(raw["Signature"]),
            certificates=signatures.trusted(expectation.certificates, now=now),
        )
        if unquote(raw.get("SAMLEncoding", DEFLATE)) != DEFLATE:
            raise LogoutNotDecodable
        root = _guarded(inflated(unquote(raw[parameter])), parameter)
        if root.find(guard.SIGNATURE) is not None:
            # Bindings 3.4.4.1: it must have been removed, and two truths are one too many.
            raise documents.ResponseShapeUnknown(what="a signature has no place in a redirect")
        relay_state = unquote_plus(raw.get("RelayState", ""))
        return _accepted(root, relay_state=relay_state, expectation=expectation, now=now)

    def posted(
        self,
        *,
        parameters: Mapping[str, Sequence[str]],
        expectation: LogoutExpectation,
        now: datetime,
    ) -> ReceivedLogout:
        form = {name: values for name, values in parameters.items() if name in PARAMETERS}
        if any(len(values) != 1 for values in form.values()):
            raise LogoutParametersUnknown
        parameter = the_message(form)
        root = _guarded(documents.decoded(text=form[parameter][0]), parameter)
        if root.find(guard.SIGNATURE) is None:
            raise LogoutUnsigned
        signatures.verify(
            root=root,
            path=f"/samlp:{MESSAGES[parameter]}",
            certificates=signatures.trusted(expectation.certificates, now=now),
        )
        content = signatures.signed_content(element=root)
        relay_state = form.get("RelayState", [""])[0]
        return _accepted(content, relay_state=relay_state, expectation=expectation, now=now)


def raw_parameters(query: str) -> dict[str, str]:
    """SAML's parameters as they were sent. One that is doubled or disguised is refused."""
    if len(query) > LONGEST_QUERY:
        raise LogoutTooLarge
    if not query.isascii():
        raise LogoutParametersUnknown
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        meant = unquote_plus(name)
        if meant not in PARAMETERS:
            continue
        if meant != name or name in found:
            raise LogoutParametersUnknown
        found[name] = value
    return found


def the_message(parameters: Mapping[str, object]) -> str:
    present = [name for name in MESSAGES if parameters.get(name)]
    if len(present) != 1 or any(name in parameters for name in set(MESSAGES) - set(present)):
        raise LogoutParametersUnknown
    return present[0]


def inflated(text: str) -> bytes:
    """Raw DEFLATE (bindings 3.4.4.1), stopped at what a logout message can need."""
    try:
        packed = base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
        inflating = zlib.decompressobj(wbits=-15)
        raw = inflating.decompress(packed, LONGEST_INFLATED + 1)
    except (binascii.Error, UnicodeEncodeError, ValueError, zlib.error) as error:
        raise LogoutNotDecodable from error
    if len(raw) > LONGEST_INFLATED:
        raise LogoutTooLarge
    if not inflating.eof or inflating.unused_data:
        raise LogoutNotDecodable
    return raw


def _guarded(raw: bytes, parameter: str) -> etree._Element:
    root = guard.guarded_logout(raw=raw, name=MESSAGES[parameter])
    check_schema(root)
    return root


def _accepted(
    root: etree._Element, *, relay_state: str, expectation: LogoutExpectation, now: datetime
) -> ReceivedLogout:
    if len(relay_state) > LONGEST_RELAY_STATE or not relay_state.isprintable():
        raise LogoutParametersUnknown
    message = statements.logout(element=root, relay_state=relay_state)
    return logouts.accepted(message=message, expectation=expectation, now=now)
