"""What the suite promises each test: its servers, its own database, the service's rights."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import psycopg
import pytest
import redis
from django.core import mail
from django.db import ProgrammingError, connection, transaction

from governance.isolation.scopes import system_scope
from governance.project.embedded.postgres import APP_ROLE, OWNER_ROLE
from governance.tenancy.models import Namespace
from tests.factories import tenancy
from tests.servers.mail import MailServer


def names() -> set[str]:
    with system_scope("test"):
        return set(Namespace.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", [1, 2])
def test_a_test_that_commits_leaves_a_fresh_database_behind(_again: int) -> None:
    before = names()

    tenancy.a_namespace("acme")

    assert "acme" not in before
    assert names() == before | {"acme"}


@pytest.mark.django_db
def test_tests_run_with_the_rights_of_the_service() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (APP_ROLE, False)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("TRUNCATE tenancy_namespace CASCADE")


def test_a_test_may_connect_as_another_role(
    connect_as: Callable[[str], psycopg.Connection],
) -> None:
    owner = connect_as(OWNER_ROLE)

    row = owner.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'tenancy_user'")

    assert row.fetchone() == (OWNER_ROLE,)


def test_valkey_answers_on_its_private_socket(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_the_mail_server_keeps_what_django_sends(mail_server: MailServer) -> None:
    mail.send_mail("Awaiting approval", "Please look.", "lake@customer.example", ["o@c.example"])

    assert [message["Subject"] for message in mail_server.received] == ["Awaiting approval"]


def test_the_mail_server_can_refuse(mail_server: MailServer) -> None:
    mail_server.refuse_with = "451 Later"
    message = EmailMessage()
    message["From"], message["To"] = "lake@customer.example", "o@customer.example"

    with (
        smtplib.SMTP(mail_server.host, mail_server.port, timeout=5) as client,
        pytest.raises(smtplib.SMTPDataError, match="Later"),
    ):
        client.send_message(message)
