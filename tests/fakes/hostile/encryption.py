"""Something is encrypted that should not be, or holds what it should not."""

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, Cases
from tests.fakes.idp import SAML, Response, a_tree, encoded

cases = Cases()


@cases.refused_as("saml_assertion_encrypted")
def encrypted_victim(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    root.remove(next(root.iter(ASSERTION)))
    etree.SubElement(root, f"{{{SAML}}}EncryptedAssertion")
    return encoded(root)


@cases.refused_as("saml_assertion_encrypted")
def signed_plain_and_encrypted_victim(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    etree.SubElement(root, f"{{{SAML}}}EncryptedAssertion")
    return encoded(root)
