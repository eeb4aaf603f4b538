"""Hive clients: Ivan connects the company's directory, and Alice reads the lake with PyHive."""

import re
from collections.abc import Sequence
from contextlib import closing

import pytest
from playwright.sync_api import expect
from pyhive import hive
from thrift.transport.TTransport import TTransportException

from tests.journeys.stage import Stage
from tests.servers.slapd import BASE, GROUPS, PEOPLE, READER_DN, READER_PASSWORD

DOMAIN = "acme.test"


def ivan_connects_the_directory(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Directories")
    ivan.fill(
        name="acme",
        domain=DOMAIN,
        URLs=stage.directory.tls_url,
        CA_certificates=stage.directory.ca_certificates,
        bind_DN=READER_DN,
        bind_password=READER_PASSWORD,
        base_DN=BASE,
        group_base_DN=GROUPS,
    )
    ivan.save_and_stay()
    ivan.person.see("a directory")


def ivan_tries_somebody(stage: Stage) -> None:
    """Stage by stage. A wrong password stops at the bind, and says so."""
    ivan = stage.admin("ivan")
    ivan.go("Directories")
    ivan.press("acme")
    ivan.press("Test")
    ivan.fill(username="alice", password="not hers")
    ivan.press_primary()
    expect(ivan.person.page.get_by_role("status")).to_contain_text("Not let in")
    ivan.person.see("a wrong password")


def ivan_maps_a_group(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Directory mappings")
    ivan.fill(directory="acme", position="1", identifiers="analysts", role="author")
    ivan.save()
    ivan.go("Directories")
    ivan.press("acme")
    ivan.press("Test")
    ivan.fill(username="alice", password=PEOPLE["alice"][2])
    ivan.press_primary()
    expect(ivan.person.page.get_by_role("status")).to_contain_text("Roles: author")
    ivan.person.see("alice would be let in")


def alice_reads_the_lake_with_pyhive(stage: Stage) -> None:
    rows = query(stage, "alice", "SELECT origin, count(*) FROM flights GROUP BY origin ORDER BY 1")

    assert rows == [("EWR", 120_835), ("JFK", 111_279), ("LGA", 104_662)]


def eve_is_in_no_mapped_group(stage: Stage) -> None:
    with pytest.raises((TTransportException, hive.OperationalError)):
        query(stage, "eve", "SELECT 1")


def query(stage: Stage, name: str, sql: str) -> Sequence[tuple[object, ...]]:
    """What a Hive client gets that signs in as `name@domain` with the directory's password."""
    with (
        closing(
            hive.connect(
                host="127.0.0.1",
                port=stage.service.hive_port,
                username=f"{name}@{DOMAIN}",
                password=PEOPLE[name][2],
                auth="LDAP",
            )
        ) as connection,
        closing(connection.cursor()) as cursor,
    ):
        cursor.execute(sql)
        return list(cursor.fetchall())


def refusal(stage: Stage, name: str, sql: str) -> str:
    """The sentence with which a Hive client is refused."""
    with pytest.raises(hive.OperationalError) as caught:
        query(stage, name, sql)
    return re.sub(r"\s+", " ", str(caught.value))
