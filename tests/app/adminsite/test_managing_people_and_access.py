"""Ivan manages people, roles, policies and tokens in the web admin."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.outbox.models import MessageKind, MessageState, OutboxMessage
from governance.tenancy.models import ApiToken, Namespace, Policy, Role, User
from tests.factories.tenancy import (
    a_namespace,
    a_platform_administrator,
    a_user,
    ivan,
    signed_in,
    the_role,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


def text(answer: Any) -> str:
    shown: str = answer.content.decode()
    return shown


def policy_form(**changed: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "lakewarden:ReadUsage", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"name": "usage", "description": "", "document": json.dumps(document), **changed}


def test_a_person_is_added_and_their_password_is_shown_once(
    acme: Namespace, browser: Client
) -> None:
    with namespace_scope(acme.pk):
        author = the_role("author")
    form = {"login_name": "uma", "email": "", "display_name": "Uma", "roles": [str(author.pk)]}

    page = browser.post("/admin/tenancy/user/add/", form)

    [password] = re.findall(r"<code>([^<]+)</code>", text(page))
    assert "no-store" in page["Cache-Control"]
    with namespace_scope(acme.pk):
        uma = User.objects.get(login_name="uma")
        assert uma.check_password(password)
        assert [binding.role.name for binding in uma.bindings.all()] == ["author"]
    assert password not in text(browser.get(f"/admin/tenancy/user/{uma.pk}/change/"))


def test_a_refusal_of_the_service_stands_in_the_form(acme: Namespace, browser: Client) -> None:
    other = a_namespace("other", account_id="111111111111")
    with namespace_scope(other.pk):
        a_user("uma")

    page = browser.post("/admin/tenancy/user/add/", {"login_name": "uma", "display_name": "x"})

    assert page.status_code == 200
    assert "login name is taken" in text(page)


def test_a_fault_in_a_policy_is_shown_at_the_document(acme: Namespace, browser: Client) -> None:
    wrong = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]})

    page = browser.post("/admin/tenancy/policy/add/", policy_form(document=wrong))

    assert page.status_code == 200
    assert "errorlist" in text(page) or "errors" in text(page)
    assert "Allow" in text(page)
    with namespace_scope(acme.pk):
        assert not Policy.objects.filter(name="usage").exists()


def test_a_policy_is_saved_audited_and_tried_out(acme: Namespace, browser: Client) -> None:
    assert browser.post("/admin/tenancy/policy/add/", policy_form()).status_code == 302

    with namespace_scope(acme.pk):
        policy = Policy.objects.get(name="usage")
        assert AuditEvent.objects.filter(action="policy.created", target_id=policy.pk).exists()
    where = f"/admin/tenancy/policy/{policy.pk}/do/simulate/"
    allowed = browser.post(where, {"action": "lakewarden:ReadUsage", "resource": "*"})
    denied = browser.post(where, {"action": "lakewarden:RunQuery", "resource": "*"})
    assert "Allowed" in text(allowed)
    assert "Denied" in text(denied)


def test_a_role_takes_the_policies_that_are_ticked(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        policy = Policy.objects.get(name="lakewarden-author")
    form = {
        "name": "analyst",
        "description": "",
        "max_session_seconds": "3600",
        "attached": [str(policy.pk)],
        "trust_policy": "{}",
        "storage_prefixes": '["sales/"]',
    }

    assert browser.post("/admin/tenancy/role/add/", form).status_code == 302

    with namespace_scope(acme.pk):
        role = Role.objects.get(name="analyst")
        assert list(role.policies.all()) == [policy]
        assert role.storage_prefixes == ["sales/"]


def test_a_role_in_use_is_not_deleted_and_says_why(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        a_user("uma", roles=["author"])
        author = the_role("author")

    page = browser.post(f"/admin/tenancy/role/{author.pk}/delete/", {"post": "yes"}, follow=True)

    with namespace_scope(acme.pk):
        assert Role.objects.filter(pk=author.pk).exists()
    assert page.status_code == 200


def test_a_button_deactivates_and_its_history_says_so(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["author"])

    page = browser.post(f"/admin/tenancy/user/{uma.pk}/do/deactivate/", follow=True)

    assert "every session and token of this person has ended" in text(page)
    with namespace_scope(acme.pk):
        assert not User.objects.get(pk=uma.pk).is_active
    assert "user.deactivated" in text(browser.get(f"/admin/tenancy/user/{uma.pk}/history/"))


def test_a_button_cannot_be_pressed_without_the_policy(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga, uma = a_user("olga", roles=["officer"]), a_user("uma")

    answer = signed_in(olga).post(f"/admin/tenancy/user/{uma.pk}/do/deactivate/")

    assert answer.status_code in {403, 404}
    with namespace_scope(acme.pk):
        assert User.objects.get(pk=uma.pk).is_active


def test_a_forged_form_without_csrf_changes_nothing(acme: Namespace) -> None:
    user = ivan(acme)
    browser = signed_in(user, client=Client(enforce_csrf_checks=True))

    assert browser.post("/admin/tenancy/policy/add/", policy_form()).status_code == 403
    assert browser.post(f"/admin/tenancy/user/{user.pk}/do/deactivate/").status_code == 403


def test_a_token_is_shown_once_and_revoked_by_a_button(acme: Namespace, browser: Client) -> None:
    form = {"name": "ci", "scopes": ["usage:read"], "days": "30"}

    page = browser.post("/admin/tenancy/apitoken/add/", form)

    [token] = re.findall(r"<code>(lwt_[^<]+)</code>", text(page))
    with namespace_scope(acme.pk):
        row = ApiToken.objects.get(name="ci")
    headers = {"Authorization": f"Bearer {token}"}
    usage = "/api/v1/namespaces/acme/usage-limits/"
    assert Client().get(usage, headers=headers).status_code == 200
    browser.post(f"/admin/tenancy/apitoken/{row.pk}/do/revoke/")
    assert Client().get(usage, headers=headers).status_code == 401


def test_extra_fields_of_a_posted_form_are_ignored(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma")
    form = {
        "email": "uma@customer.example",
        "display_name": "Uma",
        "source": "saml",
        "is_active": "",
        "login_name": "root",
        "namespace": "",
        "password": "x",
    }

    assert browser.post(f"/admin/tenancy/user/{uma.pk}/change/", form).status_code == 302

    with namespace_scope(acme.pk):
        after = User.objects.get(pk=uma.pk)
    assert (after.login_name, after.source, after.is_active) == ("uma", "local", True)
    assert after.password == uma.password


def test_names_are_shown_and_never_run(acme: Namespace, browser: Client) -> None:
    payload = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    with namespace_scope(acme.pk):
        uma = a_user("uma")
        User.objects.filter(pk=uma.pk).update(display_name=payload, username=payload)

    for page in ("", f"{uma.pk}/change/", f"{uma.pk}/history/"):
        shown = text(browser.get(f"/admin/tenancy/user/{page}"))
        assert "<img src=x" not in shown
        assert "49" not in re.sub(r"[\w-]*49[\w-]*", "", shown)


def test_the_trail_is_verified_by_a_button(acme: Namespace, browser: Client) -> None:
    assert browser.get("/admin/audit/auditevent/verify/").status_code == 405

    page = browser.post("/admin/audit/auditevent/verify/", follow=True)

    assert "The chain holds" in text(page)


def test_a_message_that_was_given_up_is_delivered_again(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        message = OutboxMessage.objects.create(
            kind=MessageKind.JOB,
            name="a.job",
            state=MessageState.DEAD,
            due_at=acme.created_at,
            attempts=5,
        )
    assert "given up" in text(browser.get("/admin/"))

    browser.post(f"/admin/outbox/outboxmessage/{message.pk}/do/redeliver/")

    with namespace_scope(acme.pk):
        message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.PENDING, 0)


def test_jobs_are_called_by_what_they_do_and_housekeeping_is_hidden(acme: Namespace) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        for name, state in (
            ("purge.index", "done"),
            ("purge.keep_house_of_namespace", "done"),
            ("usage_limits.keep_house_of_namespace", "dead"),
        ):
            OutboxMessage.objects.create(
                namespace=acme, kind="job", name=name, state=state, due_at=now,
                progress_done=1, progress_total=4,
            )  # fmt: skip
    browser = signed_in(ivan(acme))

    page = text(browser.get("/admin/outbox/outboxmessage/"))
    everything = text(browser.get("/admin/outbox/outboxmessage/?housekeeping=shown"))
    found = text(browser.get("/admin/outbox/outboxmessage/?q=index+a"))

    assert "Index a dataset" in page
    assert "1 of 4" in page
    assert "Look after a namespace&#x27;s usage limits" in page
    assert "Look after a namespace&#x27;s erasures" not in page
    assert "Look after a namespace&#x27;s erasures" in everything
    assert "Index a dataset" in found
    assert "usage limits</" not in found


def test_a_platform_administrator_enters_a_namespace_to_change_it(acme: Namespace) -> None:
    browser = signed_in(a_platform_administrator())
    assert browser.get("/admin/tenancy/policy/add/").status_code == 403

    browser.post("/admin/namespace/", {"namespace": str(acme.pk)})

    assert browser.post("/admin/tenancy/policy/add/", policy_form()).status_code == 302
    with namespace_scope(acme.pk):
        assert Policy.objects.filter(name="usage").exists()
        assert AuditEvent.objects.filter(action="namespace.entered").exists()


def test_a_line_of_the_audit_trail_leads_to_what_it_is_about(
    acme: Namespace, browser: Client
) -> None:
    browser.post("/admin/tenancy/policy/add/", policy_form())
    with namespace_scope(acme.pk):
        policy = Policy.objects.get(name="usage")

    page = text(browser.get("/admin/audit/auditevent/"))

    assert f'<a class="lw-link" href="/admin/tenancy/policy/{policy.pk}/change/">policy</a>' in page


def test_a_namespace_that_cannot_be_says_why_at_each_field(acme: Namespace) -> None:
    browser = signed_in(a_platform_administrator())

    answer = browser.post(
        "/admin/tenancy/namespace/add/", {"name": "a b!", "display_name": "", "account_id": "12"}
    )

    assert answer.context["adminform"].form.errors == {
        "name": ["Use 1 to 64 letters, digits, dots, underscores or hyphens."],
        "account_id": ["Write exactly 12 digits."],
    }


def test_a_platform_administrator_makes_a_namespace(acme: Namespace) -> None:
    browser = signed_in(a_platform_administrator())
    form = {"name": "new", "display_name": "New", "account_id": "123456789012"}

    answer = browser.post("/admin/tenancy/namespace/add/", form, follow=True)

    assert "Choose it to set it up" in text(answer)
    with system_scope("test"):
        made = Namespace.objects.get(name="new")
    with namespace_scope(made.pk):
        assert Role.objects.count() == 4


def test_an_it_admin_makes_no_namespace(acme: Namespace, browser: Client) -> None:
    form = {"name": "new", "display_name": "New", "account_id": "123456789012"}

    assert browser.post("/admin/tenancy/namespace/add/", form).status_code == 403
