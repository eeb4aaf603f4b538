"""What fails inside is in the log, and nothing of it in the answer (T95)."""

import pytest

from governance.restapi.api.access import RoleViewSet
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace

pytestmark = pytest.mark.django_db


def test_an_unknown_failure_is_a_problem_without_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_view: object) -> None:
        message = "the password of the database is hunter2"
        raise RuntimeError(message)

    script = Script(a_namespace("acme"))
    monkeypatch.setattr(RoleViewSet, "get_queryset", fail)

    answer = script.get("roles/")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "hunter2" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
