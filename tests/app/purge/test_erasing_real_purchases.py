"""Customers of the CDNOW purchases erased from the demo's lake, counted by DuckDB."""

import random
import shutil
from pathlib import Path

import duckdb

from governance.project.demo.derive_lake import LAKE
from tests.app.purge.conftest import Company

CUSTOMERS = 25
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "string"}]


def counted(folder: Path) -> dict[str, int]:
    """Records of each customer, as a reader of the lake sees them."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT customer_id, count(*) FROM read_json(?, format='newline_delimited', "
            "columns={'customer_id': 'VARCHAR'}) GROUP BY ALL",
            [f"{folder}/**/*.ndjson"],
        ).fetchall()
    return dict(rows)


def test_exactly_the_purchases_of_the_chosen_customers_go(company: Company) -> None:
    shutil.copytree(LAKE / "purchases", company.folder / "purchases")
    company.dataset.identifiers = IDENTIFIERS
    company.dataset.save()
    before = counted(company.folder)
    chosen = random.Random(7).sample(sorted(before), CUSTOMERS)  # noqa: S311 - the same ones each time

    request = company.erase(
        company.approved(people=[{"customer_id": customer} for customer in chosen])
    )

    assert request.state == "completed", request.problems
    expected = {customer: count for customer, count in before.items() if customer not in chosen}
    assert counted(company.folder) == expected
    totals = request.certificates.get(kind="complete").document["totals"]
    assert totals["records"] == sum(before[customer] for customer in chosen)
