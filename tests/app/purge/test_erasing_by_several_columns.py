"""People whom several columns name together, erased from compressed csv."""

import gzip
import json

import pytest
from django import forms as django_forms

from purge.forms import person
from purge.models import ErasureReport, ErasureRequest
from tests.app.purge.conftest import Company

HEAD = b"first,last,born,note\n"
COLUMNS = ["first", "last", {"column": "born", "type": "integer"}]
ROWS = [
    b"Dora,Example,1990,theirs\n",
    b"Dora,Example,,other\n",
    b"Dora,,1990,other\n",
    b'"Dora","Example",1990,"theirs,\ntoo"\n',
]


def packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


@pytest.fixture
def people(company: Company) -> Company:
    """The company, whose dataset is csv with a composite identifier."""
    company.dataset.format = "csv"
    company.dataset.identifiers = [{"name": "person", "columns": COLUMNS}]
    company.dataset.save()
    parts = [HEAD, *ROWS]
    (company.folder / "people.csv").write_bytes(b"".join(map(packed, parts)))
    return company


@pytest.mark.parametrize(
    "value",
    [["Dora", "Example", 1990], {"first": "Dora", "last": "Example", "born": 1990}],
    ids=["in order", "by column"],
)
def test_only_records_that_match_in_every_column_go(people: Company, value: object) -> None:
    request = people.erase(people.approved(people=[{"person": value}]))

    assert request.state == "completed", request.problems
    content = (people.folder / "people.csv").read_bytes()
    assert content == b"".join(map(packed, [HEAD, ROWS[1], ROWS[2]]))


def test_null_asks_for_records_without_a_value(people: Company) -> None:
    people.erase(people.approved(people=[{"person": ["Dora", None, 1990]}]))

    content = gzip.decompress((people.folder / "people.csv").read_bytes())
    assert content == b"".join([HEAD, ROWS[0], ROWS[1], ROWS[3]])


def test_nothing_kept_names_a_part_of_it(people: Company) -> None:
    request = people.erase(people.approved(people=[{"person": ["Dora", "Example", 1990]}]))

    kept = [
        json.dumps(row, default=str)
        for model in (ErasureRequest, ErasureReport)
        for row in model.objects.values()
    ]
    kept.append(json.dumps(request.certificates.get().document))
    assert not any(word in text for text in kept for word in ("Dora", "Example"))


def test_a_line_of_the_form_may_be_json() -> None:
    assert person('{"person": ["Dora", null, 1990]}') == {"person": ["Dora", None, 1990]}
    with pytest.raises(django_forms.ValidationError):
        person('{"person": ')
