"""The signature asks for other work than SAML allows: algorithms, transforms, references."""

from copy import deepcopy
from typing import Any

from lxml import etree

from tests.fakes.hostile.cases import Cases, spoiled
from tests.fakes.hostile.lure import lure
from tests.fakes.idp import DS, Response, Signing, a_response

cases = Cases()
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENVELOPED = f"{DS}enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
CANONICAL = "CanonicalizationMethod"


def _with_method(name: str, code: str, **changes: Any) -> None:
    def build(response: Response, sign: str) -> str:
        return a_response(response, sign=sign, signing=Signing(**changes))

    cases.add(name, build, code)


@cases.refused_as("saml_signature_shape")
def transforms_turned_round(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        first, second = signature.iter(f"{{{DS}}}Transform")
        second.addnext(first)

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_algorithm")
def hmac_with_the_public_certificate(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        method = next(signature.iter(f"{{{DS}}}SignatureMethod"))
        method.set("Algorithm", f"{_MORE}hmac-sha256")

    return spoiled(response, sign, spoil)


def _transform_case(name: str, algorithm: str, inside: str) -> None:
    def build(response: Response, sign: str) -> str:
        def spoil(signature: etree._Element) -> None:
            transform = next(signature.iter(f"{{{DS}}}Transform"))
            transform.set("Algorithm", algorithm)
            transform.append(etree.fromstring(inside.replace("{lure}", lure().url)))

        return spoiled(response, sign, spoil)

    cases.add(name, build, "saml_response_shape")


@cases.refused_as("saml_response_shape")
def two_references(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        reference = next(signature.iter(f"{{{DS}}}Reference"))
        reference.addnext(deepcopy(reference))

    return spoiled(response, sign, spoil)


@cases.refused_as("saml_signature_shape")
def reference_to_another_element(response: Response, sign: str) -> str:
    other = response.response_id if sign == "Assertion" else response.assertion_id
    return a_response(response, sign=sign, signing=Signing(uri=f"#{other}"))


@cases.refused_as("saml_signature_shape")
def reference_to_nothing(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        del next(signature.iter(f"{{{DS}}}Reference")).attrib["URI"]

    return spoiled(response, sign, spoil)


_with_method("sha1_signature", "saml_signature_algorithm", method=f"{DS}rsa-sha1")

_with_method("sha1_digest", "saml_signature_algorithm", digest=f"{DS}sha1")

_with_method("md5_digest", "saml_signature_algorithm", digest=f"{_MORE}md5")

_with_method(
    "inclusive_canonicalisation",
    "saml_signature_algorithm",
    canonicalization="http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
)

_with_method(
    "canonicalisation_with_comments",
    "saml_signature_algorithm",
    canonicalization=f"{_EXCLUSIVE}WithComments",
)

_with_method("one_transform_less", "saml_signature_shape", transforms=[_EXCLUSIVE])

_with_method(
    "one_transform_more", "saml_signature_shape", transforms=[_ENVELOPED, _EXCLUSIVE, _EXCLUSIVE]
)

_with_method("signs_the_whole_document", "saml_signature_shape", uri="")


_transform_case(
    "style_sheet_transform",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>',
)

_transform_case(
    "path_transform",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    f'<ds:XPath xmlns:ds="{DS}">count(//. | //@* | //namespace::*)</ds:XPath>',
)


def _attribute(name: str, tag: str, attribute: str, value: str, *codes: str) -> None:
    """The signature asks for something else, after it was made."""

    def build(response: Response, sign: str) -> str:
        def spoil(signature: etree._Element) -> None:
            element = next(signature.iter(f"{{{DS}}}{tag}"))
            element.set(attribute, value.format(lure=lure().url))

        return spoiled(response, sign, spoil)

    cases.add(name, build, *codes)


def _method(name: str, algorithm: str, tag: str = "SignatureMethod") -> None:
    _attribute(name, tag, "Algorithm", algorithm, "saml_signature_algorithm")


def _uri(name: str, uri: str) -> None:
    _attribute(name, "Reference", "URI", uri, "saml_signature_shape")


_method("rsa_md5", f"{_MORE}rsa-md5")
_method("rsa_ripemd", f"{_MORE}rsa-ripemd160")
_method("rsa_of_224_bits", f"{_MORE}rsa-sha224")
_method("dsa", f"{DS}dsa-sha1")
_method("dsa_of_256_bits", "http://www.w3.org/2009/xmldsig11#dsa-sha256")
_method("hmac_of_sha_one", f"{DS}hmac-sha1")
_method("hmac_of_md5", f"{_MORE}hmac-md5")
_method("algorithm_empty", "")
_method("algorithm_unknown", "urn:evil:none")
_method("algorithm_with_a_blank", f"{_MORE}rsa-sha256 ")
_method("algorithm_in_capitals", f"{_MORE}RSA-SHA256")
_method("digest_of_224_bits", f"{_MORE}sha224", "DigestMethod")
_method("digest_of_ripemd", "http://www.w3.org/2001/04/xmlenc#ripemd160", "DigestMethod")
_method("digest_algorithm_empty", "", "DigestMethod")
_method("canonicalisation_of_one_point_one", "http://www.w3.org/2006/12/xml-c14n11", CANONICAL)
_method("canonicalisation_by_style_sheet", XSLT, CANONICAL)
_method("canonicalisation_minimal", f"{DS}minimal", CANONICAL)
_uri("reference_by_pointer_to_the_root", "#xpointer(/)")
_uri("reference_by_pointer_to_an_identifier", "#xpointer(id('_assertion1'))")
_uri("reference_percent_escaped", "#%5Fassertion1")
_uri("reference_to_fetch", "{lure}/reference")
_uri("reference_to_a_file", "file:///etc/passwd")
_uri("reference_to_a_hash_alone", "#")
_uri("reference_without_hash", "_assertion1")
_uri("reference_to_an_address_with_our_identifier", "{lure}/x#_assertion1")
_attribute("reference_to_a_manifest", "Reference", "Type", f"{DS}Manifest", "saml_signature_shape")
_transform_case("transform_from_base64", f"{DS}base64", f'<ds:XPath xmlns:ds="{DS}"/>')
_transform_case(
    "path_filter_transform",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="union">/</f:XPath>',
)
_transform_case(
    "decrypting_transform",
    "http://www.w3.org/2002/07/decrypt#XML",
    '<d:Except xmlns:d="http://www.w3.org/2002/07/decrypt#" URI="#x"/>',
)
_transform_case(
    "style_sheet_that_fetches",
    XSLT,
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="/"><xsl:copy-of select="document(\'{lure}/x\')"/></xsl:template>'
    "</xsl:stylesheet>",
)
_transform_case(
    "style_sheet_without_end",
    XSLT,
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="@*|node()"><xsl:call-template name="r"/></xsl:template>'
    '<xsl:template name="r"><xsl:call-template name="r"/><xsl:call-template name="r"/>'
    "</xsl:template></xsl:stylesheet>",
)
_transform_case(
    "path_that_counts_for_minutes",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    f'<ds:XPath xmlns:ds="{DS}">' + "count(//.[" * 5 + "1" + "])" * 5 + "</ds:XPath>",
)


def _parameter(name: str, tag: str, inside: str, code: str) -> None:
    """A method carries a parameter that changes what it means."""

    def build(response: Response, sign: str) -> str:
        def spoil(signature: etree._Element) -> None:
            next(signature.iter(f"{{{DS}}}{tag}")).append(etree.fromstring(inside))

        return spoiled(response, sign, spoil)

    cases.add(name, build, code)


_parameter(
    "hmac_of_one_bit",
    "SignatureMethod",
    f'<ds:HMACOutputLength xmlns:ds="{DS}">1</ds:HMACOutputLength>',
    "saml_response_shape",
)
_parameter(
    "digest_with_a_parameter",
    "DigestMethod",
    f'<ds:Object xmlns:ds="{DS}"/>',
    "saml_response_shape",
)
_parameter(
    "prefix_list_on_the_first_transform",
    "Transform",
    f'<ec:InclusiveNamespaces xmlns:ec="{_EXCLUSIVE}" PrefixList="x"/>',
    "saml_signature_shape",
)
_parameter(
    "prefix_list_without_end",
    CANONICAL,
    f'<ec:InclusiveNamespaces xmlns:ec="{_EXCLUSIVE}" PrefixList="{"x " * 500}"/>',
    "saml_signature_shape",
)


@cases.refused_as("saml_signature_shape")
def a_hundred_transforms(response: Response, sign: str) -> str:
    def spoil(signature: etree._Element) -> None:
        transform = next(signature.iter(f"{{{DS}}}Transform"))
        for _ in range(100):
            transform.addnext(deepcopy(transform))

    return spoiled(response, sign, spoil)
