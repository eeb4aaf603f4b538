"""What is looked for in columns."""

from purge.domain.identifiers import IdentifierType, identifiers_of, wanted_in
from purge.domain.lookups import Lookup, lookups

IDENTIFIERS = identifiers_of(
    [
        {"name": "email", "path": "person.email", "type": "string"},
        {"name": "customer_id", "path": "customer_id", "type": "integer"},
        {"name": "shipment", "columns": ["region", {"column": "parcel", "type": "integer"}]},
        {"name": "file", "pattern": "([0-9]+)-", "type": "integer"},
    ]
)


def sought(*subjects: dict[str, object]) -> list[Lookup]:
    return list(lookups(IDENTIFIERS, wanted=wanted_in(subjects, identifiers=IDENTIFIERS)))


def test_only_what_is_asked_for_is_looked_for() -> None:
    assert sought({"customer_id": 7}, {"customer_id": 8}) == [
        Lookup(("customer_id",), IdentifierType.INTEGER, ("7", "8"))
    ]


def test_a_composite_is_led_by_its_first_column_that_is_not_null() -> None:
    assert sought({"shipment": ["north", 5]}, {"shipment": [None, 6]}) == [
        Lookup(("region",), IdentifierType.STRING, ("north",)),
        Lookup(("parcel",), IdentifierType.INTEGER, ("6",)),
    ]


def test_what_a_name_shows_lies_in_no_column() -> None:
    assert sought({"file": 7}) == []
