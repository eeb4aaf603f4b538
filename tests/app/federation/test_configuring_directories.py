"""What Ivan does with directories: over REST, tested at a real OpenLDAP."""

import json
from typing import Any

import pytest
from lxml import etree

from federation.services import directories
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.restapi.serializers import SECRET_MARK
from governance.tenancy.models import Namespace
from tests.factories.directories import BODY, a_directory, a_directory_on, a_mapping, the_directory
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace, the_role
from tests.servers import slapd as openldap
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.django_db

STAGES = ["resolve", "tcp", "tls", "bind", "search", "groups", "roles"]


@pytest.fixture
def rival() -> Namespace:
    return a_namespace("rival", account_id="999988887777")


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme)


def test_everything_written_is_read_again_but_the_password(acme: Namespace, script: Script) -> None:
    made = script.post("directories/", BODY)
    read = script.get(f"directories/{made.json()['id']}/").json()

    assert made.status_code == 201, made.content
    assert read["bind_password"] == SECRET_MARK
    assert read["domain"] == "acme.example"
    same = BODY.keys() - {"bind_password", "domain"}
    assert {name: read[name] for name in same} == {name: BODY[name] for name in same}


def test_the_password_is_sealed(acme: Namespace, script: Script) -> None:
    script.post("directories/", BODY)

    row = the_directory(acme)
    with namespace_scope(acme.pk):
        opened = directories.settings_of(row).bind_password

    assert "readerpw" not in row.bind_password
    assert opened is not None
    assert opened.reveal() == "readerpw"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"urls": []}, "/urls"),
        ({"urls": ["http://ldap.acme.example"]}, "/urls/0"),
        ({"urls": ["ldap://ldap.acme.example"]}, "/urls/0"),
        ({"urls": ["ldaps://user:pw@ldap.acme.example"]}, "/urls/0"),
        ({"urls": ["ldaps://ldap.acme.example:99999"]}, "/urls/0"),
        ({"urls": ["ldaps://ldap.acme.example/dc=x?uid"]}, "/urls/0"),
        ({"tls": "plain"}, "/tls"),
        ({"ca_certificates": "no certificate"}, "/ca_certificates"),
        ({"base_dn": ""}, "/base_dn"),
        ({"user_filter": "(uid={0}"}, "/user_filter"),
        ({"user_filter": "(uid=fixed)"}, "/user_filter"),
        ({"group_filter": "member={1}"}, "/group_filter"),
        ({"username_attribute": "uid)(x=*"}, "/username_attribute"),
        ({"user_dn_patterns": ["uid=alice"]}, "/user_dn_patterns/0"),
        ({"timeout_seconds": 0}, "/timeout_seconds"),
        ({"timeout_seconds": 31}, "/timeout_seconds"),
        ({"bind_password": ""}, "/bind_password"),
        ({"no_such_field": 1}, "/no_such_field"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    script: Script, change: dict[str, Any], pointer: str
) -> None:
    answer = script.post("directories/", BODY | change)

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "change",
    [
        {"urls": ["ldaps://elsewhere.example"]},
        {"bind_dn": "cn=other,dc=acme,dc=example"},
        {"tls": "none", "urls": ["ldap://ldap1.acme.example"]},
    ],
)
def test_a_stored_password_is_not_sent_elsewhere(script: Script, change: dict[str, Any]) -> None:
    path = f"directories/{script.post('directories/', BODY).json()['id']}/"

    refused = script.patch(path, change)
    accepted = script.patch(path, change | {"bind_password": "again"})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/bind_password"
    assert accepted.status_code == 200, accepted.content


def test_the_mark_keeps_the_password(acme: Namespace, script: Script) -> None:
    path = f"directories/{script.post('directories/', BODY).json()['id']}/"

    answer = script.patch(path, {"bind_password": SECRET_MARK, "nested_groups": False})

    assert answer.status_code == 200
    with namespace_scope(acme.pk):
        opened = directories.settings_of(the_directory(acme)).bind_password
    assert opened is not None
    assert opened.reveal() == "readerpw"


def test_a_domain_belongs_to_one_namespace(rival: Namespace, script: Script) -> None:
    script.post("directories/", BODY)
    eve = Script(rival)

    full = eve.post("directories/", BODY)
    short = eve.post("directories/", BODY | {"domain": "acme"})
    own = eve.post("directories/", BODY | {"domain": "rival.example"})

    assert (full.status_code, short.status_code, own.status_code) == (409, 409, 201)
    assert full.json()["code"] == "directory_domain_taken"


def test_eve_finds_no_directory_of_acme(rival: Namespace, script: Script) -> None:
    path = f"directories/{script.post('directories/', BODY).json()['id']}/"
    eve = Script(rival)

    assert eve.get("directories/").json()["count"] == 0
    assert eve.get(path).status_code == 404
    assert eve.patch(path, {"enabled": False}).status_code == 404
    assert eve.delete(path).status_code == 404
    assert eve.post(f"{path}test/", {"username": "a", "password": "b"}).status_code == 404


def test_a_reading_script_may_not_change_nor_test(acme: Namespace, script: Script) -> None:
    path = f"directories/{script.post('directories/', BODY).json()['id']}/"
    reader = Script(acme, "federation:read")

    assert reader.get(path).status_code == 200
    assert reader.patch(path, {"enabled": False}).status_code == 403
    assert reader.post(f"{path}test/", {"username": "a", "password": "b"}).status_code == 403


def test_mappings_are_written_in_order(acme: Namespace, script: Script) -> None:
    directory = script.post("directories/", BODY).json()["id"]
    body = {"directory": directory, "kind": "group", "identifiers": ["analysts"], "role": "author"}

    first = script.post("directory-mappings/", body)
    second = script.post("directory-mappings/", body | {"kind": "user", "role": "reader"})
    script.patch(f"directory-mappings/{second.json()['id']}/", {"position": 0})

    assert first.status_code == 201, first.content
    assert (first.json()["position"], second.json()["position"]) == (1, 2)
    assert first.json()["directory"] == directory
    listed = script.get("directory-mappings/").json()["results"]
    assert [row["role"] for row in listed] == ["reader", "author"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"identifiers": []}, "/identifiers"),
        ({"kind": "everybody"}, "/kind"),
        ({"role": "nobody"}, "/role"),
        ({"directory": "00000000-0000-7000-8000-000000000000"}, "/directory"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    script: Script, change: dict[str, Any], pointer: str
) -> None:
    script.post("directories/", BODY)
    body = {"directory": "corporate", "kind": "group", "identifiers": ["x"], "role": "author"}

    answer = script.post("directory-mappings/", body | change)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_a_mapping_cannot_name_another_namespaces_role(
    acme: Namespace, rival: Namespace, script: Script
) -> None:
    script.post("directories/", BODY)
    with namespace_scope(rival.pk):
        theirs = the_role("author")
    body = {
        "directory": "corporate", "kind": "group", "identifiers": ["x"], "role": str(theirs.pk),
    }  # fmt: skip

    assert script.post("directory-mappings/", body).status_code == 400


def test_a_role_that_trusts_identity_providers_alone_cannot_be_mapped(
    acme: Namespace, script: Script
) -> None:
    script.post("directories/", BODY)
    with namespace_scope(acme.pk):
        role = the_role("author")
        role.trust_policy = {"Version": "2012-10-17", "Statement": []}
        role.save()
    body = {"directory": "corporate", "kind": "group", "identifiers": ["x"], "role": "author"}

    answer = script.post("directory-mappings/", body)

    assert answer.json()["code"] == "directory_mapping_role_trusts_others"


def test_a_test_goes_through_every_stage_to_the_roles(
    acme: Namespace, script: Script, slapd: Slapd
) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory_on(slapd)
        a_mapping(directory, "analysts", role="author")

    answer = script.post(
        f"directories/{directory.pk}/test/", {"username": "uma", "password": "uma-pw"}
    )

    body = answer.json()
    assert answer.status_code == 200, answer.content
    assert (body["ok"], body["roles"]) == (True, ["author"])
    assert [step["name"] for step in body["steps"]] == STAGES
    assert all(step["ok"] and step["milliseconds"] >= 0 for step in body["steps"])


@pytest.mark.parametrize(
    ("change", "body", "failed"),
    [
        ({"urls": ["ldaps://nowhere.invalid"]}, {}, "resolve"),
        ({"urls": ["ldaps://127.0.0.1:1"]}, {}, "tcp"),
        ({"ca_certificates": ""}, {}, "tls"),
        ({"bind_password": "wrong"}, {}, "bind"),
        ({}, {"password": "wrong"}, "bind"),
        ({}, {"password": ""}, "bind"),
        ({}, {"username": "nobody"}, "search"),
        ({"allowed_groups": ["finance"]}, {}, "groups"),
        ({}, {"username": "twin", "password": "twin-pw"}, "roles"),
    ],
)
def test_a_test_stops_at_the_stage_that_failed(
    acme: Namespace,
    script: Script,
    slapd: Slapd,
    change: dict[str, Any],
    body: dict[str, str],
    failed: str,
) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory_on(slapd, **change)
        a_mapping(directory, "analysts", role="author")

    answer = script.post(
        f"directories/{directory.pk}/test/", {"username": "uma", "password": "uma-pw"} | body
    ).json()

    assert (answer["ok"], answer["roles"]) == (False, [])
    assert [step["name"] for step in answer["steps"] if not step["ok"]] == [failed]
    assert not any(word in json.dumps(answer) for word in ("dc=", "127.0.0.1", "uma", "reader"))


def test_tests_are_counted_like_sign_ins(acme: Namespace, script: Script, slapd: Slapd) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory_on(slapd)
    slapd.unlock("bob")
    before = slapd.binds(openldap.dn_of("bob"))

    codes = [
        script.post(
            f"directories/{directory.pk}/test/", {"username": "bob", "password": f"guess {n}"}
        ).status_code
        for n in range(6)
    ]

    assert codes == [200, 200, 200, 429, 429, 429]
    assert slapd.binds(openldap.dn_of("bob")) == before + 3


def test_the_directory_is_told_to_hive_and_emr(acme: Namespace, script: Script) -> None:
    path = f"directories/{script.post('directories/', BODY).json()['id']}/hive-site/"
    body = {"directory": "corporate", "kind": "group", "identifiers": ["x"], "role": "author"}
    script.post("directory-mappings/", body)

    xml, emr = script.get(path), script.get(f"{path}?format=emr").json()

    text = xml.content.decode()
    assert "readerpw" not in text + json.dumps(emr)
    assert etree.fromstring(xml.content).tag == "configuration"
    assert "<name>hive.server2.authentication.ldap.baseDN</name>" in text
    mapping = emr["SecurityConfiguration"]["AuthorizationConfiguration"]["EmrFsConfiguration"]
    assert mapping["RoleMappings"] == [
        {
            "Role": "arn:aws:iam::253914981264:role/author",
            "IdentifierType": "Group",
            "Identifiers": ["x"],
        }
    ]


def test_a_domains_namespace_is_found_by_its_full_and_its_short_name(
    acme: Namespace, rival: Namespace
) -> None:
    with namespace_scope(acme.pk):
        a_directory()
    assert crossings.namespace_of_domain("") == acme.pk
    with namespace_scope(rival.pk):
        a_directory(domain="rival.example")

    found = [crossings.namespace_of_domain(d) for d in ("acme.example", "acme", "rival", "", "x")]

    assert found == [acme.pk, acme.pk, rival.pk, None, None]
