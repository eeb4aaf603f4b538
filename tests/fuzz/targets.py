"""What is fuzzed. A target takes any bytes, and lets out only what must never happen."""

from collections.abc import Callable

from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.metadata import MetadataRefused
from federation.domain.saml import ResponseRefused
from tests.fakes.idp import NOW, Response, an_expectation, encoded

Target = Callable[[bytes], str]
VERIFIER = PythonSAMLVerifier()
READER = LXMLMetadataReader()
EXPECTATION = an_expectation()
SIGNED = Response().name_id


class Forged(Exception):  # noqa: N818 - what happened, not a kind of error
    """Somebody was believed whom the provider did not name."""


def guard(raw: bytes) -> str:
    """The code of the refusal, or "" for a response that the provider really signed.

    The guard comes first; the few that pass it go through the whole verification.
    """
    try:
        assertion = VERIFIER.verified_assertion(
            saml_response=encoded(raw), expectation=EXPECTATION, now=NOW
        )
    except ResponseRefused as refusal:
        return refusal.code
    if assertion.name_id != SIGNED:
        raise Forged
    return ""


def metadata(raw: bytes) -> str:
    """The code of the refusal, or "" where a provider with a certificate was read."""
    try:
        read = READER.provider_metadata(xml=raw.decode(errors="replace"), entity_id="", now=NOW)
    except MetadataRefused as refusal:
        return refusal.code
    if not read.certificates:
        raise Forged
    return ""


TARGETS: dict[str, Target] = {"guard": guard, "metadata": metadata}
