"""Ivan asks and is an officer himself; Olga decides, while the lake changes and a lock is on."""

import re
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests
from playwright.sync_api import expect

from tests.journeys.stage import NAMESPACE, Scene
from tests.servers.seaweedfs import ACCESS_KEY, LOCKED, SECRET_KEY, S3Store
from tests.waiting import eventually

DORA = "canary-7f3e91c5"
OTHER = "somebody-else"
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "string"}]
ORDERS, OLD_ORDERS = "orders/1.ndjson", "old.ndjson"
TIMEOUT = 10
# What the hourly job does, at the moment that the request itself says it expires.
HOUSEKEEPING_AT_EXPIRY = """
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from purge.models import ErasureRequest
from purge.services import housekeeping

with namespace_scope(crossings.namespace_named("{namespace}")):
    housekeeping.keep_house(now=ErasureRequest.objects.get(pk="{request_id}").expires_at)
"""


@dataclass
class Archive:
    """A path of the company's own in a bucket with object lock."""

    store: S3Store
    path: str = field(default_factory=lambda: uuid.uuid4().hex)

    def put_under_legal_hold(self, name: str, content: bytes) -> None:
        self.store.client().put_object(
            Bucket=LOCKED, Key=f"{self.path}/{name}", Body=content, ObjectLockLegalHoldStatus="ON"
        )

    def lift(self, name: str) -> None:
        self.store.client().put_object_legal_hold(
            Bucket=LOCKED, Key=f"{self.path}/{name}", LegalHold={"Status": "OFF"}
        )

    def contents(self) -> list[bytes]:
        """Every byte that the store still has, in force or not."""
        client = self.store.client()
        answer = client.list_object_versions(Bucket=LOCKED, Prefix=f"{self.path}/")
        return [
            client.get_object(Bucket=LOCKED, Key=one["Key"], VersionId=one["VersionId"])[
                "Body"
            ].read()
            for one in answer.get("Versions", [])
        ]

    def layer(self) -> dict[str, object]:
        options = {
            "bucket": LOCKED,
            "path": self.path,
            "endpoint_url": self.store.endpoint_url,
            "addressing_style": "path",
        }
        keys = f'{{"access_key_id": "{ACCESS_KEY}", "secret_access_key": "{SECRET_KEY}"}}'
        return {"name": "archive", "kind": "s3", "options": options, "credentials": keys}


def orders(*customers: str) -> bytes:
    lines = [
        f'{{"customer_id": "{who}", "order": {number}}}\n' for number, who in enumerate(customers)
    ]
    return "".join(lines).encode()


def call(
    scene: Scene, who: str, method: str, path: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    """REST in the person's session, as a script in their browser would."""
    context = scene.person(who).page.context
    token = next(each["value"] for each in context.cookies() if each["name"] == "csrftoken")
    answer = context.request.fetch(
        f"{scene.origin}/api/v1/namespaces/{NAMESPACE}/{path}",
        method=method,
        data=body,
        headers={"X-CSRFToken": token, "Referer": f"{scene.origin}/"},
    )
    return answer.status, answer.json()


def done(answer: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    status, body = answer
    assert status < HTTPStatus.BAD_REQUEST, body
    return body


def request_now(scene: Scene, request_id: str) -> dict[str, Any]:
    return done(call(scene, "ivan", "GET", f"erasure-requests/{request_id}/"))


def wait_for(scene: Scene, request_id: str, state: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found = request_now(scene, request_id)
        return found if found["state"] == state else None

    return eventually(reached, what=f"erasure that is {state}")


def letters(scene: Scene, *, to: str, about: str) -> int:
    return sum(
        to in str(each["To"]) and about in str(each["Subject"]) for each in scene.mail.received
    )


def act_as(scene: Scene, who: str, role: str) -> None:
    page = scene.person(who).page
    page.goto(f"{scene.origin}/roles/")
    switch = page.get_by_role("button", name=f"Act as {role}", exact=True)
    if switch.count():
        switch.click()
        page.wait_for_load_state()


def a_lake_in_two_places(scene: Scene, archive: Archive) -> None:
    """Ivan is an admin and an officer, which no preset is: he could try to decide on his own."""
    for name, roles in (("ivan", ("admin", "officer")), ("olga", ("officer",))):
        words = [word for role in roles for word in ("--role", role)]
        where = ("--namespace", NAMESPACE, "--email", f"{name}@customer.example")
        scene.passwords[name] = scene.service.manage("create_user", name, *where, *words)
    folder = scene.service.lake / NAMESPACE
    (folder / ORDERS).parent.mkdir(parents=True)
    (folder / ORDERS).write_bytes(orders(OTHER, DORA, OTHER))
    archive.put_under_legal_hold(OLD_ORDERS, orders(DORA, OTHER))
    scene.admin("ivan").sign_in("ivan", scene.passwords["ivan"])
    act_as(scene, "ivan", "admin")
    folder_layer = {"name": "lake", "kind": "filesystem", "options": {"path": "orders"}}
    for layer in (folder_layer, archive.layer()):
        made = done(call(scene, "ivan", "POST", "storage-layers/", layer))
        tried = done(call(scene, "ivan", "POST", f"storage-layers/{made['id']}/test/"))
        assert all(step["ok"] for step in tried["steps"]), tried
        place = {"storage_layer": made["id"], "prefix": "", "identifiers": IDENTIFIERS}
        dataset = done(call(scene, "ivan", "POST", "datasets/", place))
        done(call(scene, "ivan", "POST", f"datasets/{dataset['id']}/index/"))

    def indexed() -> bool:
        found = done(call(scene, "ivan", "GET", "datasets/"))["results"]
        return all(each["indexed_at"] for each in found)

    eventually(indexed, what="index of both places")


def ivan_asks(scene: Scene, *, who: str, reference: str) -> str:
    wish = {"subjects": [{"customer_id": who}], "reason": "Asked by letter", "reference": reference}
    made = done(call(scene, "ivan", "POST", "erasure-requests/", wish))
    located = wait_for(scene, str(made["id"]), "awaiting_approval")
    return str(located["id"])


def a_scanner_follows_the_mail(scene: Scene, request_id: str) -> None:
    """It opens what the mail links to, and what that leads to, with every harmless method (T61)."""
    letter = scene.letter(to="olga@customer.example", about="awaits your decision")
    link = scene.link_in(letter)
    assert request_id in link
    assert DORA not in letter.as_string()
    before = request_now(scene, request_id)
    for verb in ("", "approve/", "reject/", "samples/", "retry/", "cancel/"):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = requests.request(method, f"{link}{verb}", timeout=TIMEOUT)
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
            assert "Approve erasure" not in answer.text
        answer = requests.post(f"{link}{verb}", data=approval(before), timeout=TIMEOUT)
        assert answer.status_code in {403, 405}, answer.text
    assert request_now(scene, request_id) == before


def approval(request: dict[str, Any]) -> dict[str, str]:
    return {"report_hash": request["report_hash"], "confirmation": "erase 2 records"}


def ivan_may_not_decide_as_an_officer_either(scene: Scene, request_id: str) -> None:
    link = f"{scene.portal}/erasures/{request_id}/"
    report_hash = request_now(scene, request_id)["report_hash"]
    page = scene.person("ivan").page
    act_as(scene, "ivan", "officer")

    page.goto(link)
    expect(page.locator("main")).to_contain_text("You asked for this erasure.")
    expect(page.get_by_role("button", name="Approve erasure")).to_have_count(0)
    path, body = f"erasure-requests/{request_id}/approve/", {"report_hash": report_hash}
    status, problem = call(scene, "ivan", "POST", path, body)

    assert (status, problem["code"]) == (403, "self_approval_forbidden")
    act_as(scene, "ivan", "admin")
    assert request_now(scene, request_id)["state"] == "awaiting_approval"
    assert letters(scene, to="ivan@customer.example", about="awaits your decision") == 0


def olga_reads_while_somebody_writes(scene: Scene, request_id: str) -> None:
    """What she read is true no more: nothing is deleted, and she reads the report of now."""
    olga = scene.person("olga")
    link = scene.link_in(scene.letter(to="olga@customer.example", about="awaits your decision"))
    olga.page.goto(link)
    local = olga.page.get_by_role("link", name="Sign in with a local account")
    if local.count():
        local.click()
    scene.admin("olga").answer_sign_in("olga", scene.passwords["olga"])
    expect(olga.page).to_have_url(link)
    first = request_now(scene, request_id)["report_hash"]
    file = scene.service.lake / NAMESPACE / ORDERS
    with file.open("ab") as writer:
        writer.write(orders(DORA, OTHER))
    written = file.read_bytes()

    type_and_approve(scene, "erase 2 records")

    expect(olga.page.locator("main")).to_contain_text("not the report in force")
    assert file.read_bytes() == written
    olga.see("the lake changed")
    # The page looks again by itself until there is a new report.
    expect(olga.page.get_by_text("“erase 3 records”")).to_be_visible(timeout=20_000)
    assert request_now(scene, request_id)["report_hash"] != first
    about = "awaits your decision"
    eventually(
        lambda: letters(scene, to="olga@customer.example", about=about) > 1, what="second mail"
    )
    type_and_approve(scene, "erase 3 records")


def type_and_approve(scene: Scene, words: str) -> None:
    page = scene.person("olga").page
    page.get_by_label(re.compile("to approve")).fill(words)
    page.get_by_role("button", name="Approve erasure").click()
    page.wait_for_load_state()


def a_lock_keeps_a_part(scene: Scene, archive: Archive, request_id: str) -> None:
    """The rest is done; the page and both mails say what stands in the way."""
    wait_for(scene, request_id, "partially_failed")
    file = scene.service.lake / NAMESPACE / ORDERS
    assert DORA.encode() not in file.read_bytes()
    assert any(DORA.encode() in each for each in archive.contents())
    olga = scene.person("olga")
    olga.page.goto(f"{scene.portal}/erasures/{request_id}/")
    expect(olga.page.locator("main")).to_contain_text("under a legal hold in the store")
    olga.see("a lock keeps a part")
    for who in ("ivan", "olga"):
        letter = scene.letter(to=f"{who}@customer.example", about="partially failed")
        assert "legal hold" in letter.as_string()


def the_rest_is_done_when_the_lock_is_lifted(
    scene: Scene, archive: Archive, request_id: str
) -> None:
    archive.lift(OLD_ORDERS)
    ivan = scene.person("ivan")
    ivan.page.goto(f"{scene.portal}/erasures/{request_id}/")
    ivan.page.get_by_role("button", name="Try again").click()

    wait_for(scene, request_id, "completed")

    assert not any(DORA.encode() in each for each in archive.contents())
    path = f"erasure-requests/{request_id}/certificate/"
    certificate = done(call(scene, "ivan", "GET", path))
    assert certificate["document"]["totals"]["records"] == 3
    olga = scene.person("olga")
    olga.page.goto(f"{scene.portal}/erasures/{request_id}/")
    expect(olga.page.get_by_role("link", name="JSON").first).to_be_visible()
    for who in ("ivan", "olga"):
        scene.letter(to=f"{who}@customer.example", about="an erasure is completed")


def what_nobody_decides_expires(scene: Scene) -> None:
    """Weeks pass: the job that runs each hour is given the time at which the request ends."""
    file = scene.service.lake / NAMESPACE / ORDERS
    before = file.read_bytes()
    request_id = ivan_asks(scene, who=OTHER, reference="Ticket 2002")
    code = HOUSEKEEPING_AT_EXPIRY.format(namespace=NAMESPACE, request_id=request_id)
    scene.service.manage("shell", "-c", code)

    wait_for(scene, request_id, "expired")

    assert file.read_bytes() == before
    letter = scene.letter(to="ivan@customer.example", about="not completed (expired)")
    assert "Nothing was deleted" in letter.as_string()
    olga = scene.person("olga")
    olga.page.goto(f"{scene.portal}/erasures/{request_id}/")
    expect(olga.page.get_by_role("button", name="Approve erasure")).to_have_count(0)
