"""Reading a verified element: signed bytes in, plain values out. Decides nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime

from lxml import etree

from federation.adapters.lxml_saml_shapes import saml, samlp
from federation.domain.assertions import Confirmation, Envelope, Statement
from federation.domain.logouts import (
    MOST_SESSION_INDEXES,
    ReceivedLogout,
    ReceivedRequest,
    ReceivedResponse,
)
from federation.domain.saml import ResponseRefused

LATEST_YEAR = 2200  # Sums with validity and skew must not leave what datetime can say.
MOST_VALUES = 2_000
LONGEST_VALUE = 16_384
LONGEST_SESSION_INDEX = 256
LONGEST_FORMAT = 256
LONGEST_QUALIFIER = 1024  # An entity ID, as it mostly is (core 8.3.6).


class ValueUnreadable(ResponseRefused):
    code = "saml_value_unreadable"
    sentence = "The response holds a value that cannot be read: {what}."
    check = "values"


def instant(*, text: str, what: str) -> datetime:
    """An xs:dateTime in UTC, as SAML demands (core 1.3.3): it ends with Z."""
    try:
        at = datetime.fromisoformat(_seconds(text))
    except ValueError as error:
        raise ValueUnreadable(what=what) from error
    if at.utcoffset() is None or at.astimezone(UTC).year > LATEST_YEAR or at.year < 2000:  # noqa: PLR2004 - before SAML
        raise ValueUnreadable(what=what)
    return at.astimezone(UTC)


def _seconds(text: str) -> str:
    """Fractions finer than a microsecond are cut: some senders write seven digits or more."""
    if not text.endswith("Z") or "T" not in text or not text.isascii():
        raise ValueError
    whole, _, fraction = text[:-1].partition(".")
    return f"{whole}.{fraction[:6].ljust(6, '0')}+00:00" if fraction else f"{whole}+00:00"


def envelope(*, response: etree._Element) -> Envelope:
    """What the Response says of itself; only as good as the signature on it, if any."""
    issuer = response.find(saml("Issuer"))
    code = response.find(f"{samlp('Status')}/{samlp('StatusCode')}")
    if response.get("Version") != "2.0":
        raise ValueUnreadable(what="Version of the Response")
    return Envelope(
        issuer=None if issuer is None else _text(issuer),
        destination=response.get("Destination"),
        in_response_to=response.get("InResponseTo"),
        issued_at=instant(text=response.get("IssueInstant", ""), what="IssueInstant"),
        status="" if code is None else code.get("Value", ""),
    )


def statement(*, assertion: etree._Element) -> Statement:
    """What the assertion says. It must be the re-parsed verified bytes and nothing else."""
    if assertion.get("Version") != "2.0":
        raise ValueUnreadable(what="Version of the Assertion")
    conditions = _one(assertion, "Conditions")
    authentication = _one(assertion, "AuthnStatement")
    if len(authentication.get("SessionIndex", "")) > LONGEST_SESSION_INDEX:
        raise ValueUnreadable(what="SessionIndex is too long")
    name_id = assertion.find(f"{saml('Subject')}/{saml('NameID')}")
    if name_id is not None and len(name_id.get("Format", "")) > LONGEST_FORMAT:
        raise ValueUnreadable(what="the Format of the NameID is too long")
    qualifier, own_qualifier = _qualifiers(name_id)
    return Statement(
        assertion_id=assertion.get("ID", ""),
        issuer=_text(_one(assertion, "Issuer")),
        issued_at=instant(text=assertion.get("IssueInstant", ""), what="IssueInstant"),
        name_id="" if name_id is None else _text(name_id),
        name_id_format="" if name_id is None else name_id.get("Format", ""),
        confirmations=tuple(
            _confirmation(item)
            for item in assertion.iterfind(f"{saml('Subject')}/{saml('SubjectConfirmation')}")
        ),
        not_before=_optional_instant(conditions, "NotBefore"),
        not_on_or_after=_optional_instant(conditions, "NotOnOrAfter"),
        audiences=tuple(
            tuple(_text(audience) for audience in restriction.iterfind(saml("Audience")))
            for restriction in conditions.iterfind(saml("AudienceRestriction"))
        ),
        authenticated_at=instant(text=authentication.get("AuthnInstant", ""), what="AuthnInstant"),
        session_index=authentication.get("SessionIndex", ""),
        session_not_on_or_after=_optional_instant(authentication, "SessionNotOnOrAfter"),
        name_qualifier=qualifier,
        sp_name_qualifier=own_qualifier,
        attributes=_attributes(assertion.iterfind(f"{saml('AttributeStatement')}/*")),
    )


def logout(*, element: etree._Element, relay_state: str) -> ReceivedLogout:
    """What a LogoutRequest or LogoutResponse says. Its signature was found good before."""
    message_id, version = element.get("ID", ""), element.get("Version", "")
    issuer, destination = _text(_one(element, "Issuer")), element.get("Destination")
    issued_at = instant(text=element.get("IssueInstant", ""), what="IssueInstant")
    if element.tag == samlp("LogoutResponse"):
        codes = element.find(samlp("Status"))
        return ReceivedResponse(
            message_id=message_id,
            version=version,
            issuer=issuer,
            destination=destination,
            issued_at=issued_at,
            in_response_to=element.get("InResponseTo"),
            statuses=tuple(
                code.get("Value", "")
                for code in ([] if codes is None else codes.iter(samlp("StatusCode")))
            ),
        )
    name_id = element.find(saml("NameID"))
    indexes = [_text(index) for index in element.iterfind(samlp("SessionIndex"))]
    if len(indexes) > MOST_SESSION_INDEXES:
        raise ValueUnreadable(what="too many sessions")
    qualifier, own_qualifier = _qualifiers(name_id)
    return ReceivedRequest(
        message_id=message_id,
        version=version,
        issuer=issuer,
        destination=destination,
        issued_at=issued_at,
        not_on_or_after=_optional_instant(element, "NotOnOrAfter"),
        name_id=None if name_id is None else _text(name_id),
        session_indexes=tuple(indexes),
        name_qualifier=qualifier,
        sp_name_qualifier=own_qualifier,
        relay_state=relay_state,
    )


def _qualifiers(name_id: etree._Element | None) -> tuple[str, str]:
    """NameQualifier and SPNameQualifier: within whose names the name is one."""
    if name_id is None:
        return "", ""
    found = name_id.get("NameQualifier", ""), name_id.get("SPNameQualifier", "")
    if any(len(one) > LONGEST_QUALIFIER or not one.isprintable() for one in found):
        raise ValueUnreadable(what="a qualifier of the NameID")
    return found


def _one(parent: etree._Element, name: str) -> etree._Element:
    found = parent.findall(saml(name))
    if len(found) != 1:
        raise ValueUnreadable(what=f"{name} must stand in it once")
    return found[0]


def _text(element: etree._Element) -> str:
    """All of an element's text. The guard saw to it that nothing can interrupt it."""
    text = "".join(str(piece) for piece in element.itertext())
    if text != (element.text or "") or len(text) > LONGEST_VALUE:
        raise ValueUnreadable(what="a text is interrupted or too long")
    return text


def _optional_instant(element: etree._Element, name: str) -> datetime | None:
    text = element.get(name)
    return None if text is None else instant(text=text, what=name)


def _confirmation(element: etree._Element) -> Confirmation:
    data = element.find(saml("SubjectConfirmationData"))
    empty = etree.Element("empty")
    known = empty if data is None else data
    return Confirmation(
        method=element.get("Method", ""),
        recipient=known.get("Recipient"),
        not_before=_optional_instant(known, "NotBefore"),
        not_on_or_after=_optional_instant(known, "NotOnOrAfter"),
        in_response_to=known.get("InResponseTo"),
    )


def _attributes(elements: Iterable[etree._Element]) -> dict[str, tuple[str, ...]]:
    """Values by attribute name. An attribute that is sent twice has the values of both."""
    values: dict[str, tuple[str, ...]] = {}
    for element in elements:
        name = element.get("Name", "")
        if not name or len(name) > LONGEST_VALUE:
            raise ValueUnreadable(what="an attribute without a name")
        read = tuple(_text(value) for value in element.iterfind(saml("AttributeValue")))
        values[name] = values.get(name, ()) + read
    if sum(len(found) for found in values.values()) > MOST_VALUES:
        raise ValueUnreadable(what="too many attribute values")
    return values
