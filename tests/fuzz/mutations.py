"""Mutations that keep a document well formed, which changing bytes hardly ever does."""

import base64
import random
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

LONGEST = 60_000
SHORTEST_BASE64 = 40
WORDS = (
    *("", " ", "#", "ID", "Id", "id", "_assertion1", "#_assertion1", "urn:x", "relative", "-1"),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-11-23T09:00:00.9999999999Z", "true"),
    *("A" * 300, "\N{ZERO WIDTH SPACE}", "\N{RIGHT-TO-LEFT OVERRIDE}", "http://[::1", "https://x/"),
    *("AAAA", "=", "2.0", "1.1", "signing", "encryption", "admin@customer.example"),
)
Mutation = Callable[[random.Random, list[etree._Element]], None]


def mutated(raw: bytes, *, chance: random.Random) -> bytes:
    """The document with one to four of its parts moved, doubled, removed or rewritten."""
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return raw
    for _ in range(chance.randint(1, 4)):
        elements = [one for one in root.iter() if isinstance(one.tag, str)]
        chance.choice(MUTATIONS)(chance, elements)
    return etree.tostring(root)[:LONGEST]


def _move(chance: random.Random, elements: list[etree._Element]) -> None:
    moved, place = chance.choice(elements), chance.choice(elements)
    if moved.getparent() is not None and moved not in {place, *place.iterancestors()}:
        place.insert(chance.randint(0, len(place)), moved)


def _double(chance: random.Random, elements: list[etree._Element]) -> None:
    doubled = chance.choice(elements)
    copy = deepcopy(doubled)
    place = chance.choice(elements)
    place.insert(chance.randint(0, len(place)), copy)


def _remove(chance: random.Random, elements: list[etree._Element]) -> None:
    removed = chance.choice(elements)
    parent = removed.getparent()
    if parent is not None:
        parent.remove(removed)


def _rename(chance: random.Random, elements: list[etree._Element]) -> None:
    chance.choice(elements).tag = chance.choice(elements).tag


def _set_attribute(chance: random.Random, elements: list[etree._Element]) -> None:
    names = [str(name) for one in elements for name in one.attrib] or ["ID"]
    chance.choice(elements).set(chance.choice(names), _word(chance))


def _remove_attribute(chance: random.Random, elements: list[etree._Element]) -> None:
    element = chance.choice(elements)
    if element.attrib:
        del element.attrib[chance.choice(list(element.attrib))]


def _set_text(chance: random.Random, elements: list[etree._Element]) -> None:
    chance.choice(elements).text = _word(chance)


def _spoil_base64(chance: random.Random, elements: list[etree._Element]) -> None:
    """A few bytes of a certificate, a digest or a signature."""
    holders = [one for one in elements if len(one.text or "") > SHORTEST_BASE64 and not len(one)]
    if not holders:
        return
    holder = chance.choice(holders)
    try:
        spoiled = bytearray(base64.b64decode(holder.text or ""))
    except ValueError:
        return
    for _ in range(chance.randint(1, 4)):
        if spoiled:
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
    holder.text = base64.b64encode(spoiled).decode()


def _comment(chance: random.Random, elements: list[etree._Element]) -> None:
    place = chance.choice(elements)
    place.insert(chance.randint(0, len(place)), etree.Comment(" x "))


def _word(chance: random.Random) -> str:
    return chance.choice(WORDS)


MUTATIONS: tuple[Mutation, ...] = (
    *(
        _move,
        _double,
        _remove,
        _rename,
        _set_attribute,
        _remove_attribute,
        _set_text,
        _spoil_base64,
        _comment,
    ),
)
