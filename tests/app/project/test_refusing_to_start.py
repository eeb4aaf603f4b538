"""A process that lacks a key ends at once, with one line that says which."""

import os
import subprocess
import sys

import pytest

from tests.journeys.service import ROOT

DATABASE = "postgres://lakewarden_app@db.customer.example/lakewarden"
LONG = "x" * 60
FIELD_KEY = "k1:" + "A" * 43 + "="


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "SECRET_KEY: must be set"),
        ({"SECRET_KEY": LONG}, "FIELD_KEYS: must be set"),
        ({"SECRET_KEY": "changeme", "FIELD_KEYS": FIELD_KEY}, "SECRET_KEY: must have at least"),
        ({"SECRET_KEY": LONG, "FIELD_KEYS": "k1:short"}, "FIELD_KEYS: must be id:key pairs"),
    ],
)
def test_a_database_of_ones_own_without_keys_of_ones_own(
    variables: dict[str, str], sentence: str
) -> None:
    ended = check(DATABASE_URL=DATABASE, **variables)

    assert ended.returncode == 1
    assert ended.stderr.startswith(sentence)
    assert ended.stderr.count("\n") == 1


def test_with_both_keys_it_starts() -> None:
    assert check(DATABASE_URL=DATABASE, SECRET_KEY=LONG, FIELD_KEYS=FIELD_KEY).returncode == 0
