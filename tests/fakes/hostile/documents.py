"""The document is another one than a response with one assertion."""

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, Cases, sign_as
from tests.fakes.idp import SAMLP, Response, a_tree, encoded, signed

cases = Cases()
SHAPE = "saml_response_shape"


@cases.refused_as("saml_response_shape")
def an_assertion_without_response(response: Response, sign: str) -> str:
    root = etree.fromstring(response.assertion_xml())
    return encoded(signed(root, target="Assertion"))


@cases.refused_as("saml_response_shape")
def a_response_without_assertion(response: Response, sign: str) -> str:
    root = a_tree(response, sign="none")
    root.remove(next(root.iter(ASSERTION)))
    return encoded(sign_as(root, "Response"))


@cases.refused_as("saml_response_shape")
def a_logout_response(response: Response, sign: str) -> str:
    text = response.xml().replace("samlp:Response", "samlp:LogoutResponse")
    del sign
    return encoded(text)


def _another_root(name: str, tag: str) -> None:
    """The words of a response under another name."""

    def build(response: Response, sign: str) -> str:
        root = a_tree(response, sign=sign)
        root.tag = tag
        return encoded(root)

    cases.add(name, build, "saml_response_shape")


_another_root("a_logout_request", f"{{{SAMLP}}}LogoutRequest")
_another_root("an_authentication_request", f"{{{SAMLP}}}AuthnRequest")
_another_root("an_artifact_response", f"{{{SAMLP}}}ArtifactResponse")
_another_root("metadata", "{urn:oasis:names:tc:SAML:2.0:metadata}EntityDescriptor")
_another_root("a_response_of_saml_one", "{urn:oasis:names:tc:SAML:1.0:protocol}Response")
_another_root("a_response_in_small_letters", f"{{{SAMLP}}}response")
_another_root("a_response_in_no_namespace", "Response")


def _another_assertion(name: str, tag: str, *codes: str) -> None:
    def build(response: Response, sign: str) -> str:
        root = a_tree(response, sign=sign)
        next(root.iter(ASSERTION)).tag = tag
        return encoded(root)

    cases.add(name, build, *codes)


_another_assertion(
    "an_assertion_of_saml_one", "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion", SHAPE
)
_another_assertion("an_assertion_in_no_namespace", "Assertion", SHAPE)
_another_assertion("an_assertion_as_a_protocol_element", f"{{{SAMLP}}}Assertion", SHAPE)
