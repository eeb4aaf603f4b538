"""What every table store keeps for people on hold, and what nobody can change under it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from purge.domain.identifiers import identifiers_of, wanted_in
from purge.ports import (
    NOBODY,
    Deletion,
    Keeper,
    ObjectChanged,
    ObjectUnreachable,
    Sought,
)
from tests.contract.test_table_stores import (
    DORA,
    IDENTIFIERS,
    TABLE,
    UMA,
    Bench,
    PostgreSQLBench,
    bench,
    customers,
    row,
)
from tests.factories.tables import Hold, at_once

__all__ = ["bench"]

of_versions = pytest.mark.parametrize("bench", ["delta", "iceberg"], indirect=True)


def hold(subject: Mapping[str, object]) -> Hold:
    return Hold(IDENTIFIERS, wanted_in([subject], identifiers=IDENTIFIERS))


def sought(subject: Mapping[str, object], keeper: Keeper = NOBODY) -> Sought:
    wanted = wanted_in([subject], identifiers=IDENTIFIERS)
    return Sought(identifiers=IDENTIFIERS, wanted=wanted, keeper=keeper)


def delete(
    bench: Bench, subject: Mapping[str, object], keeper: Keeper, announce: Any = at_once
) -> int:
    return bench.store.delete(table=TABLE, sought=sought(subject, keeper), announce=announce)


def reclaim(bench: Bench, keeper: Keeper) -> str:
    return bench.store.reclaim(table=TABLE, keeper=keeper, moment=nullcontext)


def test_a_row_of_two_people_stays_while_one_of_them_is_held(bench: Bench) -> None:
    bench.put(TABLE, row(7, email=UMA), row(7, email=DORA), row(7), row(8, email=UMA))
    uma = hold({"email": UMA})

    found = bench.store.find(table=TABLE, sought=sought({"customer_id": 7}, uma))
    shown = bench.store.sample(table=TABLE, sought=sought({"customer_id": 7}, uma), limit=9)
    deleted = delete(bench, {"customer_id": 7}, uma)

    assert found is not None
    assert (found.rows, found.held) == (2, 1)
    assert not any(UMA in one for one in shown)
    assert deleted == 2
    assert sorted((one["customer_id"], one["email"]) for one in bench.rows(TABLE)) == [
        (7, UMA),
        (8, UMA),
    ]


def test_the_held_persons_own_rows_stay_too(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8))

    assert delete(bench, {"customer_id": 7}, hold({"customer_id": 7})) == 0
    assert customers(bench) == [7, 8]


def test_a_row_that_a_composite_with_null_names_stays(bench: Bench) -> None:
    bench.put(
        TABLE,
        row(7, region="north"),
        row(7, region="north", parcel=5),
        row(7, parcel=5),
        row(7),
    )

    assert delete(bench, {"customer_id": 7}, hold({"shipment": ["north", None]})) == 3
    assert [one["region"] for one in bench.rows(TABLE)] == ["north"]


def test_a_row_that_may_name_the_held_person_stays(bench: Bench) -> None:
    """A number in a column of text is not sure, and what is not sure is kept."""
    known_by = identifiers_of([{"name": "account", "path": "email", "type": "integer"}])
    people = wanted_in([{"account": 9}], identifiers=known_by)
    bench.put(TABLE, row(7, email=" 009 "), row(7, email="o'dora"))

    assert delete(bench, {"customer_id": 7}, Hold(known_by, people)) == 1
    assert [one["email"] for one in bench.rows(TABLE)] == [" 009 "]


def test_who_announces_can_stop_it_and_nothing_is_deleted(bench: Bench) -> None:
    class StoppedError(Exception):
        pass

    def stop(_: Deletion) -> AbstractContextManager[None]:
        raise StoppedError

    bench.put(TABLE, row(7), row(8))

    with pytest.raises(StoppedError):
        delete(bench, {"customer_id": 7}, NOBODY, announce=stop)

    assert customers(bench) == [7, 8]


def test_the_engine_tells_whether_a_deletion_took_effect(bench: Bench) -> None:
    announced: list[Deletion] = []

    @contextmanager
    def listen(deletion: Deletion) -> Iterator[None]:
        announced.append(deletion)
        yield

    def fail(deletion: Deletion) -> AbstractContextManager[None]:
        announced.append(deletion)
        raise RuntimeError

    bench.put(TABLE, row(7), row(7), row(8))
    with pytest.raises(RuntimeError):
        delete(bench, {"customer_id": 8}, NOBODY, announce=fail)
    delete(bench, {"customer_id": 7}, NOBODY, announce=listen)
    bench.put(TABLE, row(9))

    assert [one.rows for one in announced] == [1, 2]
    told = [bench.store.took_effect(table=TABLE, attempt=one.attempt) for one in announced]
    assert told == [False, True]


def test_nobody_tells_of_a_deletion_that_has_no_name(bench: Bench) -> None:
    bench.put(TABLE, row(7))

    assert bench.store.took_effect(table=TABLE, attempt="") is None


@pytest.mark.parametrize("bench", ["delta", "iceberg", "postgresql"], indirect=True)
def test_what_is_written_while_rows_are_deleted_is_not_lost(bench: Bench) -> None:
    """A row that was written after the judging is another's, though it looks like theirs."""

    @contextmanager
    def write(_: Deletion) -> Iterator[None]:
        bench.put(TABLE, row(7, email=UMA, region="late"))
        yield

    uma = hold({"email": UMA})
    bench.put(TABLE, row(7), row(8))

    if isinstance(bench, PostgreSQLBench):
        assert delete(bench, {"customer_id": 7}, uma, announce=write) == 1
    else:
        with pytest.raises(ObjectChanged):
            delete(bench, {"customer_id": 7}, uma, announce=write)
        assert delete(bench, {"customer_id": 7}, uma) == 1

    assert [one["customer_id"] for one in bench.rows(TABLE) if one["region"] == "late"] == [7]
    assert customers(bench) == [7, 8]


@of_versions
def test_an_earlier_version_stays_while_it_alone_has_a_held_row(bench: Bench) -> None:
    """Somebody else deleted the held person's row: the version before is the last place of it."""
    bench.put(TABLE, row(7), row(8, email=UMA), row(9))
    delete(bench, {"customer_id": 8}, NOBODY)
    uma = hold({"email": UMA})
    delete(bench, {"customer_id": 7}, uma)
    before = bench.store.find(table=TABLE, sought=sought({"customer_id": 7}, uma))

    with pytest.raises(ObjectUnreachable, match="legal_hold"):
        reclaim(bench, uma)

    assert before is not None
    assert "on hold are only there" in before.plan
    assert reclaim(bench, NOBODY)
    after = bench.store.find(table=TABLE, sought=sought({"customer_id": 7, "email": UMA}))
    assert after is not None
    assert after.rows == 0


@of_versions
def test_an_earlier_version_goes_whose_held_rows_the_present_one_has(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8, email=UMA))
    uma = hold({"email": UMA})

    delete(bench, {"customer_id": 7}, uma)

    assert reclaim(bench, uma)
    assert customers(bench) == [8]


@of_versions
def test_rows_that_were_deleted_before_are_told_from_those_in_force(bench: Bench) -> None:
    bench.put(TABLE, row(7), row(8))
    delete(bench, {"customer_id": 7}, NOBODY)
    bench.put(TABLE, row(7))

    found = bench.store.find(table=TABLE, sought=sought({"customer_id": 7}))

    assert found is not None
    assert (found.rows, found.old) == (2, 1)


@of_versions
def test_a_deletion_of_which_the_history_is_gone_cannot_be_told(bench: Bench) -> None:
    announced: list[Deletion] = []

    @contextmanager
    def listen(deletion: Deletion) -> Iterator[None]:
        announced.append(deletion)
        yield

    bench.put(TABLE, row(7), row(8))
    delete(bench, {"customer_id": 7}, NOBODY, announce=listen)
    reclaim(bench, NOBODY)

    assert bench.store.took_effect(table=TABLE, attempt=announced[0].attempt) is None
