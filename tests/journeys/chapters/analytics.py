"""The lake: Ivan adds an engine, tables and a dashboard; Ann writes SQL."""

from playwright.sync_api import expect

from tests.journeys.stage import Stage

TABLES = (
    ("airlines", "CSV", "airlines/"),
    ("flights", "Parquet", "flights/"),
    ("purchases", "JSON lines", "purchases/"),
)
BY_AIRLINE = (
    "SELECT a.name, count(*) AS flights FROM flights f JOIN airlines a ON a.carrier = f.carrier "
    "GROUP BY a.name ORDER BY flights DESC"
)


def ivan_opens_the_lake(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Engines")
    ivan.fill(name="main")
    ivan.save_and_stay()
    ivan.press("Test")
    ivan.person.see("an engine that was tested")
    for name, file_format, location in TABLES:
        ivan.add("Tables", name=name, format=file_format, location=location)
    ivan.go("Tables")
    ivan.person.see("tables")


def ivan_makes_a_dashboard(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    ivan.start_adding("Dashboards")
    page = ivan.person.page
    page.locator("#id_title").press_sequentially("Leaving New York")
    expect(page.locator("#id_slug")).to_have_value("leaving-new-york")
    ivan.add_inline("panels", title="Flights", chart="Figure", sql="SELECT count(*) FROM flights")
    ivan.add_inline(
        "panels",
        title="Minutes late, by month",
        chart="Line",
        sql="SELECT month, avg(dep_delay) AS minutes FROM flights GROUP BY month ORDER BY month",
    )
    for role in ("author", "reader"):
        ivan.add_inline("shares", role=role)
    ivan.person.see("a dashboard being made")
    ivan.save()


def ann_writes_sql(stage: Stage) -> None:
    ann = stage.person("ann")
    ann.page.goto(f"{stage.portal}/sql/")
    ask(stage, "ann", BY_AIRLINE)
    expect(ann.page.get_by_role("cell", name="United Air Lines Inc.")).to_be_visible(timeout=30_000)
    expect(ann.page.get_by_role("cell", name="58665")).to_be_visible()
    ann.see("a result")


def ann_may_only_select(stage: Stage) -> None:
    ann = stage.person("ann")
    ask(stage, "ann", "DROP TABLE flights")
    ann.see("only select")
    expect(ann.page.get_by_text("United Air Lines Inc.")).to_have_count(0)
    assert (stage.service.lake / "default" / "flights" / "2013-01.parquet").exists()


def ask(stage: Stage, name: str, sql: str) -> None:
    page = stage.person(name).page
    page.goto(f"{stage.portal}/sql/")
    page.locator("textarea").fill(sql)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_load_state()
