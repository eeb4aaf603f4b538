"""The signed element stays in the document, and another one is to be read."""

from copy import deepcopy
from dataclasses import replace

from lxml import etree

from tests.fakes.hostile.cases import ASSERTION, SIGNATURE, VICTIM, Cases
from tests.fakes.idp import DS, SAML, SAMLP, Response, a_tree, encoded

cases = Cases()


def forged(response: Response, sign: str) -> tuple[etree._Element, etree._Element]:
    """A good signed response, and a copy of it that names the victim, unsigned."""
    good = a_tree(response, sign=sign)
    bad = a_tree(
        replace(response, name_id=VICTIM, assertion_id="_evil", response_id="_evilresponse"),
        sign="none",
    )
    return good, bad


@cases.refused_as("saml_response_shape")
def wrapping_1(response: Response, sign: str) -> str:
    """The signed response inside an Object of its own signature, moved to the forged one."""
    good, bad = forged(response, "Response" if sign == "Response" else sign)
    signature = next(good.iter(SIGNATURE))
    bad.insert(1, deepcopy(signature))
    etree.SubElement(bad[1], f"{{{DS}}}Object").append(good)
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def wrapping_2(response: Response, sign: str) -> str:
    """The signed response beside its signature in the forged one."""
    good, bad = forged(response, sign)
    bad.insert(1, deepcopy(next(good.iter(SIGNATURE))))
    bad.insert(2, good)
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def wrapping_3(response: Response, sign: str) -> str:
    """A forged assertion before the signed one."""
    good, bad = forged(response, sign)
    signed_assertion = next(good.iter(ASSERTION))
    signed_assertion.addprevious(next(bad.iter(ASSERTION)))
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_3_turned_round(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    good.append(next(bad.iter(ASSERTION)))
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_4(response: Response, sign: str) -> str:
    """The signed assertion inside the forged one."""
    good, bad = forged(response, sign)
    signed_assertion, evil = next(good.iter(ASSERTION)), next(bad.iter(ASSERTION))
    parent = signed_assertion.getparent()
    assert parent is not None
    parent.replace(signed_assertion, evil)
    evil.append(signed_assertion)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_5(response: Response, sign: str) -> str:
    """The forged assertion carries the signature; the signed one follows without it."""
    good, bad = forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    evil.insert(1, signature)
    original.addprevious(evil)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_6(response: Response, sign: str) -> str:
    """The forged assertion carries the signature, which holds the signed assertion."""
    good, bad = forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    original.addprevious(evil)
    evil.insert(1, signature)
    signature.append(original)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_7(response: Response, sign: str) -> str:
    """The forged assertion under Extensions."""
    good, bad = forged(response, sign)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(next(bad.iter(ASSERTION)))
    good.insert(1, extensions)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def wrapping_8(response: Response, sign: str) -> str:
    """The signed assertion in an Object of the signature that the forged one carries."""
    good, bad = forged(response, sign)
    signature, evil = next(good.iter(SIGNATURE)), next(bad.iter(ASSERTION))
    original = next(good.iter(ASSERTION))
    original.addprevious(evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(original)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def signed_assertion_in_advice(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    evil, original = next(bad.iter(ASSERTION)), next(good.iter(ASSERTION))
    original.addprevious(evil)
    etree.SubElement(evil, f"{{{SAML}}}Advice").append(original)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def signed_assertion_in_a_status_detail(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    status = next(bad.iter(f"{{{SAMLP}}}Status"))
    etree.SubElement(status, f"{{{SAMLP}}}StatusDetail").append(next(good.iter(ASSERTION)))
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def signed_assertion_in_an_attribute(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    next(bad.iter(f"{{{SAML}}}AttributeValue")).append(next(good.iter(ASSERTION)))
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def the_signed_assertion_twice(response: Response, sign: str) -> str:
    good, _ = forged(response, sign)
    good.append(deepcopy(next(good.iter(ASSERTION))))
    return encoded(good)


def _signed_inside(name: str, tag: str) -> None:
    """The signed assertion is put into a corner of the forged response."""

    def build(response: Response, sign: str) -> str:
        good, bad = forged(response, sign)
        next(bad.iter(f"{{{SAML}}}{tag}")).append(next(good.iter(ASSERTION)))
        return encoded(bad)

    cases.add(name, build, "saml_response_shape")


_signed_inside("signed_assertion_in_the_issuer", "Issuer")
_signed_inside("signed_assertion_in_the_subject", "Subject")
_signed_inside("signed_assertion_in_the_name_id", "NameID")
_signed_inside("signed_assertion_in_the_confirmation", "SubjectConfirmation")
_signed_inside("signed_assertion_in_the_confirmation_data", "SubjectConfirmationData")
_signed_inside("signed_assertion_in_the_conditions", "Conditions")
_signed_inside("signed_assertion_in_the_context", "AuthnContext")
_signed_inside("signed_assertion_in_the_context_class", "AuthnContextClassRef")


@cases.refused_as("saml_response_shape")
def signed_response_in_the_forged_one(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    bad.append(good)
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def forged_response_in_the_signed_one(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    good.append(bad)
    return encoded(good)


@cases.refused_as("saml_response_shape")
def signed_response_in_the_extensions(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(good)
    bad.insert(1, extensions)
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def signed_assertion_in_the_key_info(response: Response, sign: str) -> str:
    good, bad = forged(response, sign)
    original, signature = next(good.iter(ASSERTION)), next(good.iter(SIGNATURE))
    next(bad.iter(ASSERTION)).insert(1, deepcopy(signature))
    next(bad.iter(f"{{{DS}}}KeyInfo")).append(original)
    return encoded(bad)


@cases.refused_as("saml_response_shape")
def forged_twin_of_the_same_name(response: Response, sign: str) -> str:
    """Both assertions have the ID that the signature refers to."""
    good, _ = forged(response, sign)
    twin = next(a_tree(replace(response, name_id=VICTIM), sign="none").iter(ASSERTION))
    next(good.iter(f"{{{SAML}}}Subject")).append(twin)
    return encoded(good)


@cases.refused_as("saml_signature_invalid")
def the_content_of_another_under_the_same_name(response: Response, sign: str) -> str:
    """The signature is carried over to an assertion of the same ID."""
    good, _ = forged(response, sign)
    bad = a_tree(replace(response, name_id=VICTIM), sign="none")
    place = bad if sign == "Response" else next(bad.iter(ASSERTION))
    place.insert(1, next(good.iter(SIGNATURE)))
    return encoded(bad)


def _wrapped_in(name: str, *tags: str) -> None:
    """A good response as another protocol would carry it."""

    def build(response: Response, sign: str) -> str:
        inner = a_tree(response, sign=sign)
        for tag in reversed(tags):
            outer = etree.Element(tag)
            outer.append(inner)
            inner = outer
        return encoded(inner)

    cases.add(name, build, "saml_response_shape")


SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_wrapped_in("in_a_soap_envelope", f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Body")
_wrapped_in("in_an_artifact_response", f"{{{SAMLP}}}ArtifactResponse")
_wrapped_in("in_a_response_without_a_namespace", "Response")
_wrapped_in(
    "in_an_answer_of_ws_trust",
    "{http://schemas.xmlsoap.org/ws/2005/02/trust}RequestSecurityTokenResponse",
)
