"""Sealed values open only where they were put."""

import base64
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from governance.secrets import sealing

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()


@dataclass
class Row:
    _meta: ClassVar = SimpleNamespace(db_table="federation_directory")
    pk: UUID = field(default_factory=uuid4)
    namespace_id: UUID | None = field(default_factory=uuid4)
    bind_password: str = ""
    other: str = ""


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.FIELD_KEYS = OLD


def test_what_was_sealed_opens_again_and_is_not_readable_meanwhile() -> None:
    row = Row()

    sealing.put(row, "bind_password", "s3cret, ümlaut")

    assert "s3cret" not in row.bind_password
    opened = sealing.get(row, "bind_password")
    assert opened is not None
    assert opened.reveal() == "s3cret, ümlaut"


def test_an_empty_value_stays_empty() -> None:
    row = Row()

    sealing.put(row, "bind_password", "")

    assert row.bind_password == ""
    assert sealing.get(row, "bind_password") is None


def test_a_value_moved_to_another_row_column_or_namespace_does_not_open() -> None:
    row, thief = Row(), Row()
    sealing.put(row, "bind_password", "s3cret")
    thief.bind_password = thief.other = row.other = row.bind_password
    neighbour = Row(pk=row.pk, bind_password=row.bind_password)

    for place, column in ((thief, "bind_password"), (row, "other"), (neighbour, "bind_password")):
        with pytest.raises(sealing.SecretUnreadableError):
            sealing.get(place, column)


def test_an_altered_value_does_not_open() -> None:
    row = Row()
    sealing.put(row, "bind_password", "s3cret")
    row.bind_password = row.bind_password[:-6] + "AAAAA="

    with pytest.raises(sealing.SecretUnreadableError):
        sealing.get(row, "bind_password")


def test_a_value_survives_the_rotation_of_keys(settings: Settings) -> None:
    row = Row()
    sealing.put(row, "bind_password", "s3cret")
    settings.FIELD_KEYS = f"{NEW},{OLD}"

    assert sealing.reseal(row, "bind_password")
    assert not sealing.reseal(row, "bind_password")

    settings.FIELD_KEYS = NEW
    opened = sealing.get(row, "bind_password")
    assert opened is not None
    assert opened.reveal() == "s3cret"


def test_a_value_whose_key_is_gone_does_not_open(settings: Settings) -> None:
    row = Row()
    sealing.put(row, "bind_password", "s3cret")
    settings.FIELD_KEYS = NEW

    with pytest.raises(sealing.SecretUnreadableError, match="not in FIELD_KEYS"):
        sealing.get(row, "bind_password")


@pytest.mark.parametrize("text", ["", "a", "a:", ":AAAA", "a:AAAA", "a:not base64!"])
def test_a_malformed_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        sealing.KeyRing.parse(text)


def test_derived_keys_differ_by_purpose() -> None:
    assert sealing.derived_key(purpose="audit") != sealing.derived_key(purpose="fingerprints")
