"""What may be set on an engine and a dashboard, and how a query's state moves."""

import pytest

from governance.analytics.domain.dashboards import DashboardInvalid, PanelSpec, check
from governance.analytics.domain.engine_refusals import EngineOptionsInvalid
from governance.analytics.domain.engines import (
    EngineOptions,
    check_databases,
)
from governance.analytics.domain.queries import FINAL, QueryState, QueryStateConflict, check_move


def test_options_become_the_limits_of_a_run() -> None:
    limits = EngineOptions.parse({"memory_megabytes": 64, "timeout_seconds": 9}).limits()

    assert (limits.memory_bytes, limits.seconds, limits.threads) == (64 * 2**20, 9, 2)


@pytest.mark.parametrize("value", [0, -1, 10**9, "2", 1.5, True, None])
def test_an_option_out_of_its_range_is_named(value: object) -> None:
    with pytest.raises(EngineOptionsInvalid) as refused:
        EngineOptions.parse({"threads": value, "root": "/"})

    assert [error.pointer for error in refused.value.errors] == [
        "/options/threads",
        "/options/root",
    ]


@pytest.mark.parametrize("names", [[], ["Default"], ["a", "a"], ["a.b"], ["1"], "default", [1]])
def test_databases_are_plain_names(names: object) -> None:
    with pytest.raises(EngineOptionsInvalid):
        check_databases(names)


@pytest.mark.parametrize("slug", ["", "Delays", "a b", "-a", "a--b", "a/b", "ü"])
def test_a_slug_is_plain(slug: str) -> None:
    with pytest.raises(DashboardInvalid):
        check(slug=slug, panels=[PanelSpec(title="x", sql="SELECT 1")])


def test_a_dashboard_shows_something_and_not_too_much() -> None:
    for count in (0, 21):
        with pytest.raises(DashboardInvalid) as refused:
            check(slug="a-b", panels=[PanelSpec(title="x", sql="SELECT 1")] * count)
        assert refused.value.errors[0].pointer == "/queries"


def test_an_ended_query_stays_as_it_ended() -> None:
    assert {QueryState.SUCCEEDED, QueryState.CANCELLED} < FINAL
    for state in FINAL:
        for wanted in QueryState:
            with pytest.raises(QueryStateConflict):
                check_move(state, wanted)
