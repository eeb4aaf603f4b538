"""`manage.py export` and `apply`: the configuration goes out and comes in again, as it is."""

import shutil
import traceback
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from federation.models import Directory, IdentityProvider
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.project.demo import workspace
from governance.secrets import sealing
from governance.tenancy.models import Namespace, NamespaceStatus, Role
from usage_limits.models import UsageLimit

pytestmark = pytest.mark.django_db

DIRECTORY = """
namespaces:
  - name: acme
    account_id: "123456789012"
    directories:
      - name: corp
        urls: [ldaps://ldap.acme.example]
        tls: ldaps
        base_dn: dc=acme,dc=example
        bind_dn: cn=lakewarden,dc=acme,dc=example
        bind_password: {from_environment: ACME_BIND_PASSWORD}
    directory-mappings:
      - {directory: corp, kind: group, identifiers: [analysts], role: reader, position: 10}
"""


@pytest.fixture(autouse=True)
def lake(settings: Settings, tmp_path: Path) -> Path:
    settings.LAKE_ROOTS = [tmp_path / "lake"]
    return tmp_path / "lake"


def exported(*names: str) -> str:
    out = StringIO()
    call_command("export", *(part for name in names for part in ("--namespace", name)), stdout=out)
    return out.getvalue()


def applied(folder: Path, text: str, *options: str) -> str:
    file = folder / "wanted.yaml"
    file.write_text(text)
    out = StringIO()
    call_command("apply", str(file), *options, stdout=out)
    return out.getvalue()


def namespace(name: str) -> Namespace:
    with system_scope("test"):
        return Namespace.objects.get(name=name)


def events() -> int:
    with system_scope("test"):
        return AuditEvent.objects.count()


def test_what_is_exported_applies_and_changes_nothing(tmp_path: Path, now: datetime) -> None:
    workspace.load(now=now)
    before, document = events(), exported()

    said = applied(tmp_path, document)

    assert " 0 changed" in said
    assert said.startswith("0 added")
    assert int(said.split(" changed, ")[1].split()[0]) > 20
    assert events() == before
    assert exported() == document


def test_a_whole_workspace_moves_to_another_namespace(
    lake: Path, tmp_path: Path, now: datetime
) -> None:
    workspace.load(now=now)
    shutil.copytree(lake / workspace.NAMESPACE, lake / "b")
    first = yaml.safe_load(exported(workspace.NAMESPACE))["namespaces"][0]
    text = exported(workspace.NAMESPACE).replace(f"- name: {workspace.NAMESPACE}\n", "- name: b\n")

    said = applied(tmp_path, text)

    second = yaml.safe_load(exported("b"))["namespaces"][0]
    assert "+ b / dashboards" in said
    for document in (first, second):
        # The API writes out what the demo leaves to the default.
        for rule in document["claim-rules"]:
            for step in rule["transformations"]:
                step.setdefault("multivalued", False)
    assert {**second, "name": first["name"]} == first
    assert " 0 changed" in applied(tmp_path, text).splitlines()[-1]


def test_a_difference_is_shown_and_made(tmp_path: Path, now: datetime) -> None:
    workspace.load(now=now)
    document = yaml.safe_load(exported(workspace.NAMESPACE))
    (limit, *_) = document["namespaces"][0]["usage-limits"]
    limit["amount"] = 3.5

    said = applied(tmp_path, yaml.safe_dump(document))

    assert "→ 3.5" in said
    assert "0 added, 1 changed" in said
    with namespace_scope(namespace(workspace.NAMESPACE).pk):
        assert UsageLimit.objects.filter(amount="3.5").exists()


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    said = applied(tmp_path, "namespaces: [{name: acme, account_id: '123456789012'}]", "--dry-run")

    assert "+ acme" in said
    assert "this was a dry run" in said
    with system_scope("test"):
        assert not Namespace.objects.filter(name="acme").exists()


def test_another_spelling_of_the_same_is_no_change(tmp_path: Path, now: datetime) -> None:
    workspace.load(now=now)
    document = yaml.safe_load(exported(workspace.NAMESPACE))
    (limit, *_) = document["namespaces"][0]["usage-limits"]
    limit["amount"] = f"{limit['amount']:.6f}0"
    before = events()

    said = applied(tmp_path, yaml.safe_dump(document))

    assert "0 added, 0 changed" in said
    assert events() == before


def test_secrets_come_from_where_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_BIND_PASSWORD", "first")
    said = applied(tmp_path, DIRECTORY)
    assert "a secret, set" in said
    assert "first" not in said
    assert " 0 changed" in applied(tmp_path, DIRECTORY)

    (tmp_path / "password.txt").write_text("t0psecret\n")
    by_file = DIRECTORY.replace("from_environment: ACME_BIND_PASSWORD", "from_file: password.txt")
    assert "1 changed" in applied(tmp_path, by_file)

    with namespace_scope(namespace("acme").pk):
        secret = sealing.get(Directory.objects.get(), "bind_password")
    assert secret is not None
    assert secret.reveal() == "t0psecret"
    assert "t0psecret" not in exported("acme")
    assert "from_environment: ACME_CORP_BIND_PASSWORD" in exported("acme")


def test_a_secret_that_is_there_stays_where_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="ACME_BIND_PASSWORD is not set"):
        applied(tmp_path, DIRECTORY)
    monkeypatch.setenv("ACME_BIND_PASSWORD", "first")
    applied(tmp_path, DIRECTORY)
    monkeypatch.delenv("ACME_BIND_PASSWORD")

    said = applied(tmp_path, DIRECTORY)

    assert "bind_password stays as it is" in said
    assert " 0 changed" in said


def test_everything_that_is_wrong_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    text = """
namespaces:
  - name: acme
    account_id: "123456789012"
    roles:
      - {name: analyst, max_session_seconds: 5}
      - {name: other, colour: blue}
    directories:
      - {name: corp, urls: ["ldaps://a.example"], bind_password: plain}
"""
    with pytest.raises(CommandError) as refused:
        applied(tmp_path, text)

    said = str(refused.value)
    assert "acme / roles / analyst / max_session_seconds: " in said
    assert "acme / roles / other / colour: There is no such field." in said
    assert "acme / directories / corp: bind_password is a secret" in said
    assert said.endswith("Nothing was changed.")
    with system_scope("test"):
        assert not Namespace.objects.filter(name="acme").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("namespaces: [", "no YAML"),
        ("roles: []", "the one key namespaces"),
        ("namespaces: {name: a}", "write a list"),
        ("namespaces: [{display_name: A}]", "has a name"),
        ("namespaces: [{name: a}, {name: a}]", "twice"),
        ("namespaces: [{name: a, name: b}]", "name stands here twice"),
        ("namespaces: [{name: a, rolls: []}]", "there is no rolls"),
        ("namespaces: [{name: a, roles: [x]}]", "write a list, each item"),
        ("namespaces: [{name: a, ? [1] : 2}]", "no YAML"),
        ("namespaces: [!!python/object:os.system {}]", "no YAML"),
    ],
)
def test_what_is_no_configuration_is_refused_in_words(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        applied(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'namespaces: [{name: a, bind_password: "hunter2',
        "namespaces: [{name: a, bind_password: *hunter2}]",
        "namespaces: [{name: a, bind_password: !hunter2 x}]",
        "namespaces:\n  - bind_password: hunter2: x",
        "namespaces: [{name: a, bind_password: %hunter2}]",
        "namespaces: [{name: a, bind_password: hunter2\0}]",
    ],
)
def test_a_secret_that_stands_in_a_document_all_the_same_is_not_repeated(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(CommandError, match=r"This is no YAML: (line|there)") as refused:
        applied(tmp_path, text)

    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_dates_stay_as_they_are_written(tmp_path: Path) -> None:
    """A policy's Version looks like a date to YAML."""
    text = """
namespaces:
  - name: acme
    account_id: "123456789012"
    policies:
      - name: run
        document:
          Version: 2012-10-17
          Statement: [{Effect: Allow, Action: lakewarden:RunQuery, Resource: "*"}]
    roles:
      - {name: analyst, policies: [run]}
"""
    assert "3 added" in applied(tmp_path, text)
    with namespace_scope(namespace("acme").pk):
        assert Role.objects.get(name="analyst").policies.get().name == "run"


def test_a_namespace_is_renamed_and_suspended_but_keeps_its_account(tmp_path: Path) -> None:
    text = "namespaces: [{{name: acme, account_id: '{}', display_name: {}, status: {}}}]"
    applied(tmp_path, text.format("123456789012", "Acme", "CREATED"))

    applied(tmp_path, text.format("123456789012", "Acme Ltd", "SUSPENDED"))

    row = namespace("acme")
    assert (row.display_name, row.status) == ("Acme Ltd", NamespaceStatus.SUSPENDED)
    with pytest.raises(CommandError, match="account_id is 123456789012, which is fixed"):
        applied(tmp_path, text.format("210987654321", "Acme", "CREATED"))


def test_what_the_document_does_not_name_is_left_and_said(tmp_path: Path) -> None:
    said = applied(
        tmp_path, "namespaces: [{name: acme, account_id: '123456789012', roles: [{name: reader}]}]"
    )

    assert "acme / roles / admin: not in the document, left as it is" in said


def test_metadata_lies_in_a_file_beside_the_document(tmp_path: Path, now: datetime) -> None:
    workspace.load(now=now)
    with namespace_scope(namespace(workspace.NAMESPACE).pk):
        xml = IdentityProvider.objects.first().metadata_xml  # type: ignore[union-attr] # the demo's
    (tmp_path / "idp.xml").write_text(xml)

    applied(
        tmp_path,
        "namespaces: [{name: acme, account_id: '123456789012', identity-providers: "
        "[{name: Azure, metadata_xml: {from_file: idp.xml}, enabled: true}]}]",
    )

    with namespace_scope(namespace("acme").pk):
        assert IdentityProvider.objects.get().certificates.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"metadata\.xml cannot be read"):
        applied(
            tmp_path,
            "namespaces: [{name: a, account_id: '123456789012', identity-providers: "
            "[{name: Azure, metadata_xml: {from_file: metadata.xml}}]}]",
        )
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("apply", str(tmp_path / "none.yaml"))


def test_a_namespace_that_is_not_there_is_not_exported() -> None:
    with pytest.raises(CommandError, match="no namespace named nobody"):
        exported("nobody")
