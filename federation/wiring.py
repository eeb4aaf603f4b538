"""Which adapter stands behind which port."""

from federation.adapters.cryptography_own_keys import CryptographyOwnKeyMaker
from federation.adapters.egress_metadata_fetcher import EgressMetadataFetcher
from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.adapters.lxml_saml_writer import LXMLSAMLWriter
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.ports import AssertionVerifier, ProviderPorts, SAMLWriter


def assertion_verifier() -> AssertionVerifier:
    return PythonSAMLVerifier()


def provider_ports() -> ProviderPorts:
    return ProviderPorts(
        reader=LXMLMetadataReader(),
        fetcher=EgressMetadataFetcher(),
        key_maker=CryptographyOwnKeyMaker(),
    )


def saml_writer() -> SAMLWriter:
    return LXMLSAMLWriter()
