"""The service does not start where the database would not hold the second wall."""

import pytest
from django.db import connection

from governance.isolation import guard
from governance.project.embedded.postgres import OWNER_ROLE, ROOT_ROLE
from tests import settings as test_settings
from tests.servers import postgres

pytestmark = pytest.mark.django_db


def test_the_services_own_role_is_accepted() -> None:
    guard.require_isolation()


@pytest.mark.parametrize(
    ("role", "why"), [(OWNER_ROLE, "owns the tables"), (ROOT_ROLE, "bypasses")]
)
def test_the_owners_and_the_superusers_roles_are_refused(role: str, why: str) -> None:
    database = connection.settings_dict["NAME"]
    with postgres.connect_as(test_settings.SERVERS.postgres, role, database=database) as other:
        facts = other.execute(guard.ROLE).fetchone()

    assert facts is not None
    assert why in guard.weakness(role=facts, open_tables="")


def test_an_unprotected_table_is_named() -> None:
    why = guard.weakness(role=("lakewarden_app", False, False), open_tables="purge_forgotten")

    assert "purge_forgotten" in why
