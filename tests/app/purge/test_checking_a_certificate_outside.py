"""A third person checks a certificate by the recipe of the docs: no service, no database."""

import base64
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from governance.isolation.scopes import namespace_scope
from purge import wiring
from purge.domain.reports import digest
from purge.services import certificate_checks, certificates
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

RECIPE = Path(__file__).resolve().parents[3] / "docs/checking-a-certificate.md"


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "Łódź 7.ndjson").write_bytes(purge.records(5, 7, 6))
    return made


@pytest.fixture
def paper(acme: Company) -> bytes:
    with namespace_scope(acme.namespace.pk):
        request = acme.erase(acme.approved(reference="Brief vom März"))
        return wiring.certificate_paper(certificates.body(request.certificates.get()))


@pytest.fixture
def key(acme: Company) -> str:
    with namespace_scope(acme.namespace.pk):
        return certificate_checks.public_key()


def attached(paper: bytes) -> bytes:
    """The JSON file that a reader of PDF finds in it."""
    [stream] = re.findall(rb"/Type /EmbeddedFile\n>>\nstream\n(.*?)\nendstream", paper, re.DOTALL)
    return zlib.decompress(stream)


def checked(content: bytes, key: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    [script] = re.findall(r"```python\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "check.py").write_text(script, encoding="utf-8")
    (tmp_path / "erasure.json").write_bytes(content)
    return subprocess.run(  # noqa: S603
        [sys.executable, "-I", "check.py", "erasure.json", key],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_attached_to_the_paper_is_genuine(paper: bytes, key: str, tmp_path: Path) -> None:
    done = checked(attached(paper), key, tmp_path)

    assert (done.returncode, done.stdout) == (0, "genuine: complete certificate 1\n"), done.stderr
    assert b'"records": 1' in attached(paper)


@pytest.mark.parametrize("what", ["a record less", "its hash too", "another key", "its own key"])
def test_a_forged_one_is_not(paper: bytes, key: str, tmp_path: Path, what: str) -> None:
    body = json.loads(attached(paper))
    if what in {"a record less", "its hash too"}:
        body["document"]["totals"]["records"] = 0
    if what == "its hash too":
        body["hash"] = digest(body["document"])
    if what == "another key":
        key = base64.b64encode(b"k" * 32).decode()
    if what == "its own key":
        body["signature"] = base64.b64encode(b"s" * 64).decode()

    done = checked(json.dumps(body).encode(), key, tmp_path)

    assert done.returncode != 0
    assert "genuine" not in done.stdout
    assert "WRONG" in done.stderr or "InvalidSignature" in done.stderr


def test_the_page_tells_the_key(acme: Company, key: str) -> None:
    page = tenancy.signed_in(acme.olga).get("/n/acme/erasures/check/").content.decode()

    assert key.replace("+", "&#x2B;") in page or key in page


@pytest.mark.parametrize(
    ("genuine", "hostile"),
    [
        ('"kind": "complete"', '"kind": "\\ud800"'),
        ('"hash": "', '"hash": "\\u0000'),
        ('"signature": "', '"signature": "\\ud800'),
        ('"document": {', '"document": {"kind": "of no meaning", '),
        ('"document": {', '"document": {}, "document": {'),
    ],
)
def test_a_hostile_one_is_refused_in_words(
    acme: Company, paper: bytes, genuine: str, hostile: str
) -> None:
    """Half a character, NUL, and what is said twice and differently."""
    text = attached(paper).decode()
    assert genuine in text

    answer = tenancy.signed_in(acme.olga).post(
        "/n/acme/erasures/check/", {"certificate": text.replace(genuine, hostile)}
    )

    assert answer.status_code == 400
    assert "This is not a certificate" in answer.content.decode()
