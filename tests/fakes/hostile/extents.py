"""The document is too large, too deep, or its names mean several things."""

from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, Cases, respelled
from tests.fakes.idp import SAML, Response, a_response, a_tree, encoded

cases = Cases()


@cases.refused_as("saml_response_too_large")
def huge_attribute(response: Response, sign: str) -> str:
    return a_response(replace(response, attributes={"x": ["y" * 90_000]}), sign=sign)


@cases.refused_as("saml_response_shape")
def deep_nesting(response: Response, sign: str) -> str:
    return encoded(f"{'<x>' * 200}{a_tree(response, sign=sign).tag[:0]}{'</x>' * 200}")


@cases.refused_as("saml_response_too_large")
def nested_status_codes(response: Response, sign: str) -> str:
    success = "urn:oasis:names:tc:SAML:2.0:status:Success"
    opened = f'<samlp:StatusCode Value="{success}">' * 40
    closed = "</samlp:StatusCode>" * 40
    return respelled(response, sign, f'<samlp:StatusCode Value="{success}"/>', f"{opened}{closed}")


@cases.refused_as("saml_response_too_large")
def thousands_of_elements(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    statement = next(root.iter(f"{{{SAML}}}AttributeStatement"))
    for _ in range(4_500):
        etree.SubElement(statement, "x")
    return encoded(root)


@cases.refused_as("saml_response_shape")
def relative_namespace(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign))
    return encoded(raw.replace(b"<saml:Subject>", b'<saml:Subject xmlns:x="relative">'))


@cases.refused_as("saml_response_shape")
def prefix_that_changes_its_meaning(response: Response, sign: str) -> str:
    return respelled(
        response, sign, "<saml:Subject>", '<saml:Subject xmlns:samlp="urn:something:else">'
    )


@cases.refused_as("saml_response_too_large")
def longer_than_allowed(response: Response, sign: str) -> str:
    return a_response(response, sign=sign) + "\n" * 100_000


@cases.refused_as("saml_response_too_large")
def hundreds_of_attributes(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    for number in range(500):
        next(root.iter(ASSERTION)).set(f"a{number}", "x")
    return encoded(root)


@cases.refused_as("saml_response_too_large")
def deep_nesting_in_an_assertion(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    place = next(root.iter(f"{{{SAML}}}Subject"))
    for _ in range(30):
        place = etree.SubElement(place, f"{{{SAML}}}Subject")
    return encoded(root)


@cases.refused_as("saml_response_not_plain_xml")
def deeper_than_the_parser_goes(response: Response, sign: str) -> str:
    return encoded(f"{'<x>' * 10_000}{'</x>' * 10_000}")


@cases.refused_as("saml_response_shape")
def hundreds_of_namespaces(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign)).decode()
    many = "".join(f'<x xmlns:n{n}="urn:{n}">' for n in range(20))
    return encoded(raw.replace("<saml:Subject>", f"<saml:Subject>{many}{'</x>' * 20}"))


@cases.refused_as("saml_response_shape")
def element_with_a_very_long_name(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign)).decode()
    return encoded(raw.replace("<saml:Subject>", f"<saml:Subject><{'x' * 40_000}/>"))


@cases.refused_as("saml_response_shape")
def default_namespace_undeclared(response: Response, sign: str) -> str:
    raw = etree.tostring(a_tree(response, sign=sign)).decode()
    return encoded(raw.replace("<saml:Subject>", '<saml:Subject><x xmlns=""/>'))
