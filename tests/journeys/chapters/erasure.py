"""An erasure: Ivan asks, Olga follows the link in her mail and decides, the records are gone."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from governance.project.demo.derive_lake import LAKE
from tests.journeys.stage import NAMESPACE, Stage
from tests.waiting import eventually

DORA = "04649"
OTHER = "00001"


def ivan_maps_the_data(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Storage layers")
    ivan.fill(name="lake", kind="Local folder")
    ivan.save_and_stay()
    ivan.press("Test")
    ivan.press_primary()
    expect(ivan.person.page.get_by_role("status")).to_contain_text("Reachable")
    ivan.person.see("a storage layer that was tested")
    ivan.start_adding("Datasets")
    ivan.fill(storage_layer="lake", prefix="purchases/")
    ivan.fill(identifier_1="customer_id", column_or_path_of_identifier_1="customer_id")
    ivan.person.see("a dataset")
    ivan.save_and_stay()
    ivan.press("Index now")
    ivan.shows("Indexing has started")
    ivan.go("Datasets")

    def indexed() -> bool:
        ivan.person.page.reload()
        row = ivan.person.page.locator("#result_list tbody tr").first
        return bool(re.search(r"\b20\d\d\b", row.inner_text()))

    eventually(indexed, what="index of the dataset")
    ivan.person.see("a dataset that is indexed")


def ivan_asks_for_an_erasure(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Requests")
    ivan.fill(
        people=f"customer_id={DORA}", reason="A customer asked us to.", reference="Ticket 1031"
    )
    ivan.person.see("asking for an erasure")
    ivan.save()


def ivan_may_not_decide(stage: Stage) -> None:
    letter = stage.letter(to="olga@customer.example", about="awaits your decision")
    ivan = stage.person("ivan")
    ivan.page.goto(stage.link_in(letter))
    expect(ivan.page.get_by_role("button", name="Approve erasure")).to_have_count(0)
    ivan.see("the requester may not decide")


def olga_erases_one_and_rejects_another(stage: Stage) -> None:
    olga_decides(stage)
    the_records_are_gone(stage)
    ivan_asks_for_another(stage)
    olga_rejects_from_the_list(stage)


def olga_decides(stage: Stage) -> None:
    """The link has no authority: she signs in, reads, types how much will go, and approves."""
    link = stage.link_in(stage.letter(to="olga@customer.example", about="awaits your decision"))
    olga = stage.person("olga")
    olga.page.goto(link)
    assert DORA not in olga.page.content()
    local = olga.page.get_by_role("link", name="Sign in with a local account")
    if local.count():
        local.click()
    olga.see("asked to sign in")
    stage.admin("olga").answer_sign_in("olga", stage.passwords["olga"])
    expect(olga.page).to_have_url(link)
    expect(olga.page.locator("main")).to_contain_text("7 records")
    olga.see("the report")
    olga.page.get_by_role("button", name="Show sample records").click()
    expect(olga.page.get_by_text(f'"customer_id": "{DORA}"').first).to_be_visible()
    olga.see("samples")
    words = olga.page.get_by_text(re.compile("to approve")).first.inner_text()
    wanted = re.search("“(.+)”", words)
    assert wanted is not None, words
    olga.page.get_by_label(re.compile("to approve")).fill(wanted[1])
    olga.page.get_by_role("button", name="Approve erasure").click()
    olga.page.wait_for_load_state()


def the_records_are_gone(stage: Stage) -> None:
    """Exactly hers: every other byte of the lake is as it was."""
    olga = stage.person("olga")
    done = olga.page.get_by_role("link", name="JSON")

    def certified() -> bool:
        olga.page.reload()
        return done.count() == 1

    eventually(certified, what="certificate")
    olga.see("a certificate")
    for file in sorted((LAKE / "purchases").iterdir()):
        expected = without(DORA, file)
        assert (stage.service.lake / NAMESPACE / "purchases" / file.name).read_bytes() == expected
    address = str(done.get_attribute("href"))
    certificate = olga.page.request.get(f"{stage.origin}{address}").json()
    assert DORA not in json.dumps(certificate)
    for person in ("ivan", "olga"):
        stage.letter(to=f"{person}@customer.example", about="erasure")


def ivan_asks_for_another(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Requests")
    ivan.fill(people=f"customer_id={OTHER}", reason="Another customer.", reference="Ticket 1032")
    ivan.save()


def olga_rejects_from_the_list(stage: Stage) -> None:
    """She sees what is due, chooses, reviews, and says no: the lake stays as it is."""
    before = lake_of(stage)
    olga = stage.person("olga")
    waiting = olga.page.get_by_role("link", name="Ticket 1032")

    def listed() -> bool:
        olga.page.goto(f"{stage.portal}/erasures/?show=decide")
        return waiting.count() == 1

    eventually(listed, what="a request that waits")
    olga.see("what waits for a decision")
    olga.page.get_by_role("link", name="Calendar").click()
    olga.see("the calendar")
    olga.page.goto(f"{stage.portal}/erasures/?show=decide")
    olga.page.get_by_label("Choose Ticket 1032").check()
    olga.page.get_by_role("button", name="Decide on the chosen").click()
    olga.see("several side by side")
    olga.page.get_by_label(re.compile("Why this is rejected")).fill("We must keep the invoices.")
    olga.page.get_by_role("button", name="Reject all").click()
    expect(olga.page.locator("main")).to_contain_text("Rejected")
    assert lake_of(stage) == before
    letter = stage.letter(to="ivan@customer.example", about="not completed (rejected)")
    assert "Nothing was deleted" in letter.as_string()


def lake_of(stage: Stage) -> dict[str, bytes]:
    folder = stage.service.lake / NAMESPACE / "purchases"
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def without(customer_id: str, file: Path) -> bytes:
    hers = f'"customer_id": "{customer_id}"'.encode()
    lines = file.read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if hers not in line)


def nothing_that_was_written_down_names_her(stage: Stage) -> None:
    """Nor a password of anybody: in the logs and in every email."""
    stage.service.manage("verify_audit")
    written = stage.service.logs() + "".join(each.as_string() for each in stage.mail.received)
    # A time may hold the same digits within more of them.
    assert not re.search(rf"(?<!\d){DORA}(?!\d)", written)
    assert not [who for who, password in stage.passwords.items() if password in written]
