"""What was derived for the demo is small, whole and readable."""

import json
from pathlib import Path

import duckdb
import pytest

from governance.project.demo.derive_lake import LAKE

MEGABYTES = 4


def rows(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{LAKE}'")
        return connection.execute(sql).fetchall()


def test_every_flight_of_the_year_is_there() -> None:
    counted = rows("SELECT count(*), count(DISTINCT month) FROM 'flights/*.parquet'")

    assert counted == [(336_776, 12)]


def test_every_flight_finds_its_airline_and_nearly_every_one_its_destination() -> None:
    unnamed = """
        SELECT count(*) FILTER (airline.name IS NULL), count(*) FILTER (airport.name IS NULL)
        FROM 'flights/*.parquet' flight
        LEFT JOIN 'airlines/airlines.csv' airline USING (carrier)
        LEFT JOIN 'airports/airports.parquet' airport ON airport.faa = flight.dest
    """

    ((airlines, airports),) = rows(unnamed)

    assert airlines == 0
    assert isinstance(airports, int)
    assert airports < 8000  # Puerto Rico and the Virgin Islands are not among the airports


@pytest.mark.parametrize(
    "file", sorted((LAKE / "purchases").glob("*.ndjson")), ids=lambda f: f.name
)
def test_every_purchase_is_a_line_of_its_month(file: Path) -> None:
    records = [json.loads(line) for line in file.read_bytes().splitlines()]

    assert records
    assert {record["purchased_on"][:7] for record in records} == {file.stem}
    assert all(set(r) == {"customer_id", "purchased_on", "cds", "dollars"} for r in records)


def test_a_customer_bought_in_several_months() -> None:
    bought = rows("""
        SELECT count(*) FROM (
            SELECT customer_id
            FROM read_json('purchases/*.ndjson', format = 'nd', filename = true)
            GROUP BY customer_id HAVING count(DISTINCT filename) >= 3
        )
    """)

    assert isinstance(bought[0][0], int)
    assert bought[0][0] > 300


def test_it_is_small_enough_to_live_in_the_repository() -> None:
    size = sum(file.stat().st_size for file in LAKE.rglob("*") if file.is_file())

    assert size < MEGABYTES * 1024 * 1024
