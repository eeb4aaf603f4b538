"""Whose an object is by its name, folders or tags."""

import pytest

from purge.domain import locators
from purge.domain.identifiers import IdentifierType, identifiers_of
from purge.domain.locators import Locator
from purge.domain.matching import Candidate

BY_NAME = identifiers_of(
    [{"name": "customer_id", "pattern": r"(?P<customer_id>\d+)-[^/]*\.csv$", "type": "integer"}]
)
BY_FOLDER = identifiers_of(
    [
        {"name": "customer_id", "path": "customer_id", "type": "integer"},
        {"name": "email", "path": "email", "type": "string"},
        {"name": "shipment", "columns": ["region", {"column": "parcel", "type": "integer"}]},
    ]
)


def customer(value: str, *, exact: bool = True) -> Candidate:
    return Candidate("customer_id", IdentifierType.INTEGER, value, exact)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("visits/1001-.csv", [customer("1001")]),
        ("visits/day=3/7-a.csv", [customer("7")]),
        ("visits/007-a.csv", [customer("7", exact=False)]),
        ("visits/7-a.parquet", []),
        ("visits/x.csv", []),
    ],
)
def test_a_pattern_finds_the_identifier_in_the_name(key: str, found: list[Candidate]) -> None:
    assert list(locators.by_name(key, identifiers=BY_NAME)) == found


def test_a_folder_names_its_column_and_value() -> None:
    found = list(locators.by_partition("customer_id=42/day=3/part-0", identifiers=BY_FOLDER))

    assert found == [customer("42")]


def test_a_file_of_such_a_name_is_no_folder() -> None:
    assert not list(locators.by_partition("customer_id=42", identifiers=BY_FOLDER))


def test_escapes_in_folders_are_read_and_null_is_nobody() -> None:
    key = "email=dora%40customer.example/customer_id=__HIVE_DEFAULT_PARTITION__/part-0"

    found = list(locators.by_partition(key, identifiers=BY_FOLDER))

    assert found == [Candidate("email", IdentifierType.STRING, "dora@customer.example", exact=True)]


def test_folders_together_are_a_composite() -> None:
    found = list(locators.by_partition("region=north/parcel=5/part-0", identifiers=BY_FOLDER))

    assert [(one.name, one.exact) for one in found] == [("shipment", True)]


def test_tags_name_people_too() -> None:
    tags = {"customer_id": "42", "team": "sales"}

    assert list(locators.by_tags(tags, identifiers=BY_FOLDER)) == [customer("42")]


def test_a_metadata_file_speaks_for_its_object_and_for_itself() -> None:
    assert locators.metadata_of("visit.mp4") == "visit.mp4.metadata.json"
    assert locators.metadata_of("visit.mp4.metadata.json") == "visit.mp4.metadata.json"
    assert locators.object_of("visit.mp4.metadata.json") == "visit.mp4"


@pytest.mark.parametrize("locator", list(Locator))
def test_each_locator_says_which_identifiers_it_can_use(locator: Locator) -> None:
    usable, useless = (BY_NAME, BY_FOLDER) if locator is Locator.FILE_NAME else (BY_FOLDER, BY_NAME)

    assert not locators.problem(locator, identifiers=usable)
    assert locators.problem(locator, identifiers=useless)
