"""What a signed-in person sees and does: home, SQL, dashboards, usage, roles, signing out."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from governance.analytics.domain.dashboards import ChartKind, PanelSpec
from governance.analytics.models import Query
from governance.analytics.services import dashboards
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import analytics, tenancy, usage_limits

pytestmark = pytest.mark.django_db


def a_browser(namespace: Namespace, *roles: str, acting: str | None = None) -> Client:
    with namespace_scope(namespace.pk):
        person = tenancy.a_user(roles=roles)
    return tenancy.signed_in(person, role=acting)


def a_dashboard(namespace: Namespace, *, shared_with: list[str]) -> None:
    with namespace_scope(namespace.pk):
        dashboards.create(
            slug="delays",
            title="Delays",
            panels=[
                PanelSpec(
                    title="By carrier",
                    sql="SELECT carrier, avg(delay) AS delay FROM flights GROUP BY 1 ORDER BY 1",
                    chart=ChartKind.BAR,
                ),
                PanelSpec(
                    title="Flights", sql="SELECT count(*) AS n FROM flights", chart=ChartKind.FIGURE
                ),
                PanelSpec(title="All", sql="SELECT * FROM flights"),
            ],
            shared_with=shared_with,
            actor=actors.system(),
            now=timezone.now(),
        )


def run_everything(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        for query in Query.objects.filter(state="queued"):
            analytics.ran(query)


def test_a_stranger_is_sent_to_sign_in_and_back(acme: Namespace) -> None:
    response = Client().get(f"/n/{acme.name}/sql/")

    assert response.status_code == 302
    assert response["Location"] == "/login/?namespace=acme&next=%2Fn%2Facme%2Fsql%2F"


def test_home_tells_role_session_end_and_shared_dashboards(acme: Namespace) -> None:
    a_dashboard(acme, shared_with=["reader"])
    browser = a_browser(acme, "reader", acting="reader")

    page = browser.get("/").content.decode()

    assert "/n/acme/dashboards/delays/" in page
    assert "reader" in page
    assert "Session ends" in page
    assert "New query" not in page


def test_an_officer_is_sent_from_home_to_what_waits(acme: Namespace) -> None:
    page = a_browser(acme, "officer", acting="officer").get("/").content.decode()

    assert "/n/acme/erasures/?show=decide" in page


def test_an_author_runs_sql_and_downloads_it(acme: Namespace) -> None:
    browser = a_browser(acme, "author", acting="author")

    sent = browser.post("/n/acme/sql/", {"sql": "SELECT carrier FROM flights ORDER BY 1 LIMIT 2"})
    waiting = browser.get(sent["Location"])
    run_everything(acme)
    done = browser.get(sent["Location"]).content.decode()
    csv = b"".join(browser.get(sent["Location"] + "result.csv")).decode()

    assert sent.status_code == 302
    assert "Waiting for a free slot" in waiting.content.decode()
    assert "<td>AA</td>" in done
    assert csv == "carrier\r\nAA\r\nAA\r\n"


def test_wrong_sql_comes_back_with_what_to_change(acme: Namespace) -> None:
    browser = a_browser(acme, "author", acting="author")

    response = browser.post("/n/acme/sql/", {"sql": "SELECT * FROM read_csv('/etc/passwd')"})

    page = response.content.decode()
    assert response.status_code == 400
    assert "the function read_csv is not available here" in page
    assert "read_csv(&#x27;/etc/passwd&#x27;)" in page


def test_a_reader_has_no_sql_page(acme: Namespace) -> None:
    browser = a_browser(acme, "reader", acting="reader")

    assert browser.get("/n/acme/sql/").status_code == 403
    assert browser.post("/n/acme/sql/", {"sql": "SELECT 1"}).status_code == 403


def test_a_reader_sees_a_shared_dashboard_drawn(acme: Namespace) -> None:
    a_dashboard(acme, shared_with=["reader"])
    browser = a_browser(acme, "reader", acting="reader")

    first = browser.get("/n/acme/dashboards/delays/").content.decode()
    run_everything(acme)
    page = browser.get("/n/acme/dashboards/delays/").content.decode()

    assert "Panels are on their way" in first
    assert len(re.findall("<rect", page)) == 3
    assert '<p class="figure">5</p>' in page
    assert "<td>JFK</td>" in page
    with namespace_scope(acme.pk):
        assert Query.objects.count() == 3


def test_a_dashboard_not_shared_with_the_role_does_not_exist(acme: Namespace) -> None:
    a_dashboard(acme, shared_with=["author"])
    browser = a_browser(acme, "reader", acting="reader")

    assert browser.get("/n/acme/dashboards/delays/").status_code == 404


def test_pages_of_another_namespace_do_not_exist_for_eve(acme: Namespace) -> None:
    a_dashboard(acme, shared_with=["reader"])
    browser = a_browser(acme, "author", acting="author")
    own = browser.post("/n/acme/sql/", {"sql": "SELECT 1"})["Location"]
    eve = a_browser(tenancy.a_namespace("globex", account_id="123456789012"), "admin")

    paths = ["/n/acme/", "/n/acme/sql/", own, f"{own}status/", f"{own}result.csv"]
    paths += ["/n/acme/dashboards/delays/", "/n/acme/usage/"]
    paths += [path.replace("acme", "globex") for path in (own, f"{own}result.csv")]

    assert [eve.get(path).status_code for path in paths] == [404] * len(paths)


def test_a_colleagues_query_is_not_shown(acme: Namespace) -> None:
    own = a_browser(acme, "author").post("/n/acme/sql/", {"sql": "SELECT 1"})["Location"]
    colleague = a_browser(acme, "author", acting="author")

    assert colleague.get(own).status_code == 404
    assert colleague.post(f"{own}cancel/").status_code == 404


def test_a_queued_query_is_cancelled_at_once(acme: Namespace) -> None:
    browser = a_browser(acme, "author", acting="author")
    own = browser.post("/n/acme/sql/", {"sql": "SELECT 1"})["Location"]

    browser.post(f"{own}cancel/")

    assert "cancelled" in browser.get(own).content.decode()


def test_the_role_is_switched_among_those_held(acme: Namespace) -> None:
    browser = a_browser(acme, "author", "reader", acting="reader")
    page = browser.get("/roles/").content.decode()
    [author, _] = re.findall(r'name="role"\s+value="([^"]+)"', page)  # in the menu, on the page

    browser.post("/roles/", {"role": author})

    assert browser.get("/n/acme/sql/").status_code == 200
    assert browser.post("/roles/", {"role": "no-uuid"}).status_code == 403


def test_signing_out_ends_the_session(acme: Namespace) -> None:
    browser = a_browser(acme, "author", acting="author")

    response = browser.post("/sign-out/")

    assert response["Location"] == "/login/?namespace=acme"
    assert "You are signed out." in browser.get(response["Location"]).content.decode()
    assert browser.get("/n/acme/sql/").status_code == 302


def test_usage_shows_where_each_limit_leads_and_who_scanned_most_to_administrators(
    acme: Namespace,
) -> None:
    now = timezone.now()
    author, admin = a_browser(acme, "author"), a_browser(acme, "admin")
    author.post("/n/acme/sql/", {"sql": "SELECT * FROM flights"})
    with namespace_scope(acme.pk):
        usage_limits.a_limit(usage_limits.some_terms(), now=now)
        Query.objects.update(bytes_scanned=3 * 2**20)

    seen, hidden = (each.get("/n/acme/usage/").content.decode() for each in (admin, author))

    assert "Data scanned, weekly, added up over the period. Nothing is used yet." in seen
    assert "Who scanned most" in seen
    assert "3.0 MB" in seen
    assert 'aria-label="100 % of all"' in seen
    assert "Who scanned most" not in hidden


def test_no_page_has_inline_script_or_style(acme: Namespace) -> None:
    a_dashboard(acme, shared_with=["author"])
    browser = a_browser(acme, "author", acting="author")
    own = browser.post("/n/acme/sql/", {"sql": "SELECT * FROM flights"})["Location"]
    browser.get("/n/acme/dashboards/delays/")
    run_everything(acme)

    for path in ("/", own, "/n/acme/dashboards/", "/n/acme/dashboards/delays/", "/n/acme/usage/"):
        response = browser.get(path)
        page = response.content.decode()
        assert response.status_code == 200, path
        assert not re.search(r"<style|\sstyle=|<script>|\son\w+=|javascript:", page), path
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
