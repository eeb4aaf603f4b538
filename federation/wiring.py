"""Which adapter stands behind which port."""

from federation.adapters.lxml_saml_metadata import LXMLMetadataReader
from federation.adapters.lxml_saml_writer import LXMLSAMLWriter
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.ports import AssertionVerifier, MetadataReader, SAMLWriter


def assertion_verifier() -> AssertionVerifier:
    return PythonSAMLVerifier()


def metadata_reader() -> MetadataReader:
    return LXMLMetadataReader()


def saml_writer() -> SAMLWriter:
    return LXMLSAMLWriter()
