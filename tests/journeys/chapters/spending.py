"""A limit: Ivan grants thirty megabytes a week, the fourth query is refused, he gets an email."""

from playwright.sync_api import expect

from tests.journeys.chapters import analytics, directories
from tests.journeys.stage import Stage

# Each query counts for at least 10 MB, so this is three of them.
THREE_QUERIES = "0.00003"
PLENTY = "0.01"
COUNT = "SELECT count(*) AS n FROM flights"


def ivan_grants_three_queries(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Alert channels")
    ivan.fill(kind="Email", target="ivan@customer.example")
    ivan.save()
    ivan.start_adding("Limits")
    ivan.fill(feature_type="Spectrum", amount=THREE_QUERIES, period="Weekly", thresholds="50, 100")
    ivan.choose("Breach action", starting="Disable")
    ivan.person.see("a limit being set")
    ivan.save()


def ann_asks_until_she_is_refused(stage: Stage) -> None:
    page = stage.person("ann").page
    for _ in range(3):
        analytics.ask(stage, "ann", COUNT)
        expect(page.get_by_role("cell", name="336776")).to_be_visible(timeout=30_000)

    analytics.ask(stage, "ann", COUNT)

    expect(page.locator("main")).to_contain_text("limit")
    expect(page.get_by_role("cell", name="336776")).to_have_count(0)
    stage.person("ann").see("refused by a limit")
    page.goto(f"{stage.portal}/usage/")
    stage.person("ann").see("usage of the namespace")


def alice_is_refused_as_well(stage: Stage) -> None:
    """The same limit, whichever way the query comes in; the client reads which one."""
    assert "Query reached usage limit" in directories.refusal(stage, "alice", COUNT)


def ivan_is_told(stage: Stage) -> None:
    letter = stage.letter(to="ivan@customer.example", about="refused")
    body = letter.get_body(preferencelist=("plain",))
    assert body is not None
    assert "30 MB of 31.46 MB" in str(body.get_content())
    ivan = stage.admin("ivan")
    ivan.go("Limits")
    ivan.person.see("a limit that is reached")
    ivan.go("Usage control log")
    ivan.person.see("the usage control log")


def ivan_raises_the_limit(stage: Stage) -> None:
    """And at once there is more to spend."""
    ivan = stage.admin("ivan")
    ivan.go("Limits")
    ivan.person.page.locator("#result_list a[href*='/change/']").first.click()
    ivan.fill(amount=PLENTY)
    ivan.save()

    analytics.ask(stage, "ann", COUNT)

    answer = stage.person("ann").page.get_by_role("cell", name="336776")
    expect(answer).to_be_visible(timeout=30_000)
