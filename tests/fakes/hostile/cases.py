"""How a hostile response is written down, and the tools that spoil a good one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from lxml import etree

from tests.fakes.idp import DS, SAML, Response, a_response, a_tree, encoded, signed

Build = Callable[[Response, str], str]
Fields = Mapping[str, tuple[str, Callable[[Response], dict[str, Any]]]]
VICTIM = "admin@customer.example"
SIGNATURE = f"{{{DS}}}Signature"
ASSERTION = f"{{{SAML}}}Assertion"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class Hostile:
    """`build(response, sign)` makes the base64 from a response that would be accepted as it is;
    `sign` is the element that the provider signs, `Assertion` or `Response`. `codes` are those of
    the checks that may refuse it.
    """

    name: str
    codes: frozenset[str]
    build: Build


@dataclass
class Cases:
    """The cases of one theme."""

    found: list[Hostile] = field(default_factory=list)

    def __iter__(self) -> Iterator[Hostile]:
        return iter(self.found)

    def add(self, name: str, build: Build, *codes: str) -> None:
        self.found.append(Hostile(name, frozenset(codes), build))

    def refused_as(self, *codes: str) -> Callable[[Build], Build]:
        """Take a builder in under its function's name."""

        def register(build: Build) -> Build:
            self.add(build.__name__, build, *codes)
            return build

        return register

    def add_fields(self, fields: Fields) -> None:
        """Responses that a real provider signs as they are, with some fields set wrong."""
        for name, (code, changes) in fields.items():
            self.add(name, _with_fields(changes), code)


def _with_fields(changes: Callable[[Response], dict[str, Any]]) -> Build:
    def build(response: Response, sign: str) -> str:
        return a_response(replace(response, **changes(response)), sign=sign)

    return build


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def stamp_of(response: Response) -> str:
    return response.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_as(root: etree._Element, sign: str) -> etree._Element:
    signed(root, target=sign)
    return root


def signed_text(xml: str, sign: str) -> str:
    return encoded(sign_as(etree.fromstring(xml), sign))


def respelled(response: Response, sign: str, old: str, new: str) -> str:
    """Signed after some of its text was replaced."""
    xml = response.xml()
    assert old in xml
    return signed_text(xml.replace(old, new), sign)


def spoiled(response: Response, sign: str, spoil: Callable[[etree._Element], None]) -> str:
    """Signed, and then its signature changed."""
    root = a_tree(response, sign=sign)
    spoil(next(root.iter(SIGNATURE)))
    return encoded(root)


def changed(response: Response, sign: str, change: Callable[[etree._Element], None]) -> str:
    """Signed as it is after its tree was changed."""
    root = a_tree(response, sign="none")
    change(root)
    return encoded(sign_as(root, sign))


def finished(root: etree._Element, sign: str) -> str:
    """The assertion is signed inside; where the provider signs messages, that comes last."""
    return encoded(sign_as(root, "Response") if sign == "Response" else root)


def victim_of(response: Response) -> Response:
    return replace(response, name_id=VICTIM, assertion_id="_evil")
