"""A real provider speaks to somebody else, or somebody else speaks."""

from urllib.parse import urlsplit

from tests.fakes.hostile.cases import Cases, Fields, respelled
from tests.fakes.idp import Response

cases = Cases()


def _with_host(address: str | None, host: str) -> str:
    return urlsplit(str(address))._replace(netloc=host).geturl()


FIELDS: Fields = {
    "wrong_audience": (
        "saml_audience_mismatch",
        lambda _: {"audiences": [["https://other.example/metadata/"]]},
    ),
    "no_audience": ("saml_audience_mismatch", lambda _: {"audiences": []}),
    "empty_audience": ("saml_audience_mismatch", lambda _: {"audiences": [[""]]}),
    "two_audience_restrictions": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [list(r.audiences[0]), ["https://other.example/"]]},
    ),
    "audience_with_a_slash_more": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[f"{r.audiences[0][0]}/"]]},
    ),
    "audience_in_capitals": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[r.audiences[0][0].upper()]]},
    ),
    "audience_with_blanks": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[f" {r.audiences[0][0]} "]]},
    ),
    "recipient_missing": ("saml_recipient_mismatch", lambda _: {"recipient": None}),
    "recipient_empty": ("saml_recipient_mismatch", lambda _: {"recipient": ""}),
    "recipient_contains_acs": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": f"https://evil.example/?{r.recipient}"},
    ),
    "recipient_begins_with_acs": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": f"{r.recipient}?x=1"},
    ),
    "recipient_of_another_tenant": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("/acme/", "/acme2/")},
    ),
    "recipient_in_capitals": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).upper()},
    ),
    "recipient_with_a_user": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("://", "://x@")},
    ),
    "recipient_with_a_dot_segment": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("/saml/", "/./saml/")},
    ),
    "destination_missing": ("saml_destination_mismatch", lambda _: {"destination": None}),
    "destination_empty": (
        "saml_destination_mismatch",
        lambda _: {"destination": ""},
    ),
    "destination_begins_with_acs": (
        "saml_destination_mismatch",
        lambda r: {"destination": f"{r.destination}2/acs/"},
    ),
    "destination_of_another_tenant": (
        "saml_destination_mismatch",
        lambda r: {"destination": str(r.destination).replace("/acme/", "/acme2/")},
    ),
    "destination_in_capitals": (
        "saml_destination_mismatch",
        lambda r: {"destination": str(r.destination).upper()},
    ),
    "wrong_issuer": ("saml_issuer_mismatch", lambda _: {"issuer": "https://evil.example/"}),
    "empty_issuer": ("saml_issuer_mismatch", lambda _: {"issuer": ""}),
    "issuer_with_blanks": ("saml_issuer_mismatch", lambda r: {"issuer": f"{r.issuer} "}),
    "response_of_another_issuer": (
        "saml_issuer_mismatch",
        lambda _: {"response_issuer": "https://evil.example/"},
    ),
    "audience_of_another_tenant": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[r.audiences[0][0].replace("/acme/", "/acme2/")]]},
    ),
    "audience_of_another_provider": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[r.audiences[0][0].replace("Azure", "Other")]]},
    ),
    "audience_is_the_acs": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[str(r.recipient)]]},
    ),
    "audience_with_an_invisible_letter": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [[f"{r.audiences[0][0]}\N{ZERO WIDTH SPACE}"]]},
    ),
    "the_same_restriction_twice": (
        "saml_audience_mismatch",
        lambda r: {"audiences": [r.audiences[0], r.audiences[0]]},
    ),
    "restriction_without_audience": ("saml_schema_violated", lambda _: {"audiences": [[]]}),
    "recipient_without_its_last_slash": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).rstrip("/")},
    ),
    "recipient_of_another_provider": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("Azure", "Other")},
    ),
    "recipient_with_a_port": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": _with_host(r.recipient, "lake.example:444")},
    ),
    "recipient_with_a_dot_after_the_host": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": _with_host(r.recipient, "lake.example.")},
    ),
    "recipient_by_another_scheme": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": f"ftp://{str(r.recipient).partition('://')[2]}"},
    ),
    "recipient_percent_escaped": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": str(r.recipient).replace("/acs/", "/%61cs/")},
    ),
    "recipient_is_the_audience": (
        "saml_recipient_mismatch",
        lambda r: {"recipient": r.audiences[0][0]},
    ),
    "destination_with_a_query": (
        "saml_destination_mismatch",
        lambda r: {"destination": f"{r.destination}?x=1"},
    ),
    "destination_with_a_fragment": (
        "saml_destination_mismatch",
        lambda r: {"destination": f"{r.destination}#x"},
    ),
    "destination_with_a_dot_after_the_host": (
        "saml_destination_mismatch",
        lambda r: {"destination": _with_host(r.destination, "lake.example.")},
    ),
    "destination_without_its_last_slash": (
        "saml_destination_mismatch",
        lambda r: {"destination": str(r.destination).rstrip("/")},
    ),
    "issuer_in_capitals": ("saml_issuer_mismatch", lambda r: {"issuer": r.issuer.upper()}),
    "issuer_with_a_slash_more": ("saml_issuer_mismatch", lambda r: {"issuer": f"{r.issuer}/"}),
    "response_issuer_empty": ("saml_issuer_mismatch", lambda _: {"response_issuer": ""}),
}
cases.add_fields(FIELDS)


@cases.refused_as("saml_schema_violated")
def assertion_without_issuer(response: Response, sign: str) -> str:
    issuer = f"<saml:Issuer>{response.issuer}</saml:Issuer><saml:Subject>"
    return respelled(response, sign, issuer, "<saml:Subject>")
