"""Identifiers are missing, doubled or in the wrong place."""

from dataclasses import replace

from tests.fakes.hostile.cases import ASSERTION, Cases, spoiled
from tests.fakes.idp import SAML, Response, a_response, a_tree, encoded

cases = Cases()


@cases.refused_as("saml_identifier_not_unique")
def the_same_identifier_twice(response: Response, sign: str) -> str:
    return a_response(replace(response, response_id=response.assertion_id), sign=sign)


@cases.refused_as("saml_identifier_not_unique")
def identifiers_in_three_spellings(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    assertion = next(root.iter(ASSERTION))
    assertion.set("Id", "_other")
    assertion.set("id", "_another")
    return encoded(root)


@cases.refused_as("saml_identifier_not_unique")
def identifier_of_xml(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    subject = next(root.iter(f"{{{SAML}}}Subject"))
    subject.set("{http://www.w3.org/XML/1998/namespace}id", response.assertion_id)
    return encoded(root)


@cases.refused_as("saml_identifier_not_unique")
def identifier_on_a_subject(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    next(root.iter(f"{{{SAML}}}Subject")).set("ID", "_subject")
    return encoded(root)


@cases.refused_as("saml_identifier_not_unique")
def assertion_without_identifier(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    del next(root.iter(ASSERTION)).attrib["ID"]
    return encoded(root)


def _named(name: str, identifier: str, *codes: str) -> None:
    def build(response: Response, sign: str) -> str:
        root = a_tree(response, sign=sign)
        next(root.iter(ASSERTION)).set("ID", identifier)
        return encoded(root)

    cases.add(name, build, *codes)


UNIQUE = "saml_identifier_not_unique"
_named("identifier_empty", "", UNIQUE)
_named("identifier_that_starts_with_a_digit", "1assertion", UNIQUE)
_named("identifier_with_a_blank", "_asser tion", UNIQUE)
_named("identifier_with_a_quote", "_a') or ('1'='1", UNIQUE)
_named("identifier_with_a_colon", "a:b", UNIQUE)
_named("identifier_with_letters_beyond_ascii", "_ässertion", UNIQUE)
_named("identifier_too_long", "_" + "x" * 300, UNIQUE)
_named("identifier_that_ends_a_line", "_assertion\n", UNIQUE)


@cases.refused_as(UNIQUE)
def response_without_identifier(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    del root.attrib["ID"]
    return encoded(root)


@cases.refused_as(UNIQUE)
def signature_named_like_the_assertion(response: Response, sign: str) -> str:
    return spoiled(response, sign, lambda one: one.set("Id", response.assertion_id))


@cases.refused_as(UNIQUE)
def identifier_in_another_namespace(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    next(root.iter(ASSERTION)).set("{urn:evil}ID", "_other")
    return encoded(root)


@cases.refused_as(UNIQUE)
def identifier_in_small_letters_on_the_response(response: Response, sign: str) -> str:
    root = a_tree(response, sign=sign)
    root.set("id", response.assertion_id)
    return encoded(root)
