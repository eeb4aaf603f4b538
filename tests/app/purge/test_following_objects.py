"""The index follows the lake: by events, by watching folders, and by several workers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.outbox.services import messages
from purge import job_names, tasks
from purge.models import Dataset, LakeObject, ObjectNews
from purge.ports.extraction import Piece
from purge.services import extraction, index_intake, index_shares, object_events, steps
from purge.services.extraction import Source
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.job_runs import Run

pytestmark = pytest.mark.django_db(transaction=True)


def an_event(
    key: str = "a.ndjson", name: str = "ObjectCreated:Put", sequencer: str = "0A", **what: str
) -> dict[str, Any]:
    stored = {"key": key, "sequencer": sequencer, **what}
    return {"eventName": name, "s3": {"bucket": {"name": "sales"}, "object": stored}}


def hear(company: Company, *records: dict[str, Any]) -> object_events.Heard:
    return object_events.hear(
        document={"Records": list(records)}, actor=tenancy.an_actor(company.ivan)
    )


def follow(company: Company) -> int:
    return object_events.follow(
        layer_id=company.dataset.storage_layer_id,
        work=purge.DirectWork(company.namespace.pk),
        lake=company.lake,
        clock=timezone.now,
    )


def keys() -> list[str]:
    return list(LakeObject.objects.order_by("key").values_list("key", flat=True))


def test_an_object_that_is_told_of_is_indexed(company: Company) -> None:
    (company.folder / "a.ndjson").write_bytes(purge.records(7))

    heard = hear(company, an_event())

    assert heard.applied == [0]
    assert OutboxMessage.objects.filter(name=job_names.FOLLOW).count() == 1
    assert follow(company) == 1
    assert LakeObject.objects.get(key="a.ndjson").entries == 2
    assert follow(company) == 0


def test_an_object_that_was_removed_leaves_the_index(company: Company) -> None:
    path = company.folder / "a.ndjson"
    path.write_bytes(purge.records(7))
    purge.indexed(company.dataset)
    path.unlink()

    hear(company, an_event(name="ObjectRemoved:Delete"))
    follow(company)

    assert keys() == []


def test_events_twice_and_in_any_order_end_the_same(company: Company) -> None:
    (company.folder / "a.ndjson").write_bytes(purge.records(7))

    late = hear(company, an_event(name="ObjectCreated:Put", sequencer="0B"))
    early = hear(company, an_event(name="ObjectRemoved:Delete", sequencer="0A"))
    again = hear(company, an_event(name="ObjectCreated:Put", sequencer="0B"))
    follow(company)

    assert (late.applied, early.applied, again.applied) == ([0], [], [])
    assert keys() == ["a.ndjson"]


def test_what_an_erasure_published_is_no_news(company: Company) -> None:
    LakeObject.objects.create(
        dataset=company.dataset, key="a", version="e2@v2", size=1, indexed_at=timezone.now()
    )

    own = hear(company, an_event(key="a", eTag="e2", versionId="v2"))
    other = hear(company, an_event(key="a", eTag="e3", versionId="v3"))

    assert own.ignored == [(0, "that version is indexed already")]
    assert other.applied == [0]


def test_unknown_buckets_and_names_are_ignored_and_junk_refused(company: Company) -> None:
    Dataset.objects.update(prefix="in/")
    unknown = an_event()
    unknown["s3"]["bucket"]["name"] = "elsewhere"

    heard = hear(company, unknown, an_event(key="out/a"), an_event(key="in/a"), {"junk": 1})

    assert heard.applied == [2]
    assert [at for at, _ in heard.ignored] == [0, 1]
    assert [at for at, _ in heard.refused] == [3]


def test_a_key_is_forgotten_once_it_was_followed(company: Company) -> None:
    hear(company, an_event(key="7-dora.csv"))

    follow(company)

    row = ObjectNews.objects.get()
    assert (row.key, row.is_pending, row.sequencer) == ("", False, "0A")


def test_a_token_posts_events_and_eve_cannot(make_company: Callable[[str], Company]) -> None:
    company = make_company("acme")
    make_company("evil")
    with namespace_scope(company.namespace.pk):
        token = tenancy.a_token("purge:write")
        reader = tenancy.a_token("purge:read")
    body = {"Records": [an_event(), 7]}

    def post(namespace: str, secret: str) -> tuple[int, dict[str, Any]]:
        answer = Client(headers={"Authorization": f"Bearer {secret}"}).post(
            f"/api/v1/namespaces/{namespace}/object-events/", body, content_type="application/json"
        )
        return answer.status_code, answer.json()

    status, answer = post("acme", token)

    assert status == 202
    assert answer["applied"] == [0]
    assert answer["refused"][0]["position"] == 1
    assert post("evil", token)[0] == 404
    assert post("acme", reader)[0] == 403


def test_much_that_changed_is_shared_among_workers(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_shares, "A_BATCH", 2)
    for number in range(5):
        (company.folder / f"{number}.ndjson").write_bytes(purge.records(7, number))
    work = purge.DirectWork(company.namespace.pk)

    batches = index_shares.share_out(
        dataset_id=company.dataset.pk, work=work, lake=company.lake, clock=timezone.now
    )
    parts = [
        [int(number) for number in message.payload["numbers"].split(",")]
        for message in OutboxMessage.objects.filter(name=job_names.INDEX_PART)
    ]
    for numbers in (*parts, parts[0]):
        index_shares.read_part(
            dataset_id=company.dataset.pk,
            numbers=numbers,
            work=work,
            lake=company.lake,
            clock=timezone.now,
        )

    assert batches == len(parts) == 3
    assert set(LakeObject.objects.values_list("entries", flat=True)) == {4}
    company.dataset.refresh_from_db()
    assert company.dataset.indexed_at is not None
    refreshed = purge.indexed(company.dataset)
    assert (refreshed.objects, refreshed.read) == (5, 0)


def test_events_of_one_object_in_one_notification_count_in_their_order(company: Company) -> None:
    (company.folder / "a.ndjson").write_bytes(purge.records(7))

    heard = hear(
        company,
        an_event(sequencer="0B"),
        an_event(sequencer="0A"),
        an_event("b.ndjson", sequencer="01"),
        an_event(name="ObjectTagging:Put", sequencer="0C"),
    )

    assert heard.applied == [0, 2, 3]
    assert [position for position, _ in heard.ignored] == [1]
    row = ObjectNews.objects.get(key="a.ndjson")
    assert (row.sequencer, row.retags) == ("0C", True)
    assert follow(company) == 2
    assert keys() == ["a.ndjson"]


def test_a_burst_of_events_takes_few_statements(
    company: Company, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(100):
        (company.folder / f"{number}.ndjson").write_bytes(purge.records(number))
    burst = [an_event(f"{number}.ndjson", eTag="0" * 32) for number in range(100)]

    with django_assert_max_num_queries(30):
        heard = hear(company, *burst)
    with django_assert_max_num_queries(400):
        followed = follow(company)

    assert (len(heard.applied), followed, len(keys())) == (100, 100, 100)


def test_indexing_that_was_killed_goes_on_where_it_was(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (company.folder / f"{number}.ndjson").write_bytes(purge.records(number))
    monkeypatch.setattr(index_intake, "AT_ONCE", 2)
    extract = extraction.extract

    def killed_at_the_last(source: Source, *, key: str, version: str) -> Iterator[Piece]:
        if key == "3.ndjson":
            raise KeyboardInterrupt
        return extract(source, key=key, version=version)

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "extract", killed_at_the_last)
        with pytest.raises(KeyboardInterrupt):
            purge.indexed(company.dataset)

    again = purge.indexed(company.dataset)

    assert (again.objects, again.read) == (4, 2)


def test_a_folder_that_was_indexed_once_is_watched(company: Company) -> None:
    purge.indexed(company.dataset)
    (company.folder / "new.ndjson").write_bytes(purge.records(7))
    assert index_shares.watched() == [company.dataset.pk]

    tasks.watch_namespace(Run(namespace_id=company.namespace.pk))

    assert keys() == ["new.ndjson"]


def test_a_folder_that_is_being_indexed_is_left_to_it(company: Company) -> None:
    Dataset.objects.update(indexed_at=timezone.now() - timedelta(hours=1))
    with namespace_scope(company.namespace.pk):
        messages.enqueue_job(name=job_names.INDEX, dataset_id=company.dataset.pk)

    assert index_shares.watched() == []


def test_indexing_in_the_moment_after_a_cut_costs_nobody_their_place(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    (company.folder / "a.ndjson").write_bytes(purge.records(7, 5, 7, 8, 9))
    record = steps.published

    def indexed_just_before(*words: Any, **values: Any) -> None:
        purge.indexed(company.dataset)
        record(*words, **values)

    monkeypatch.setattr(steps, "published", indexed_just_before)
    first = company.erase(company.approved())
    monkeypatch.setattr(steps, "published", record)
    second = company.erase(company.approved(people=[{"customer_id": 8}]))

    assert (first.state, second.state) == ("completed", "completed")
    _, five, _, _, nine = purge.records(7, 5, 7, 8, 9).splitlines(keepends=True)
    assert (company.folder / "a.ndjson").read_bytes() == five + nine


def test_what_is_gone_before_its_batch_is_read_leaves_nothing_in_the_index(
    company: Company,
) -> None:
    path = company.folder / "a.ndjson"
    path.write_bytes(purge.records(7))
    hear(company, an_event())
    follow(company)
    row = LakeObject.objects.get()
    LakeObject.objects.update(version="")
    path.unlink()

    index_shares.read_part(
        dataset_id=company.dataset.pk,
        numbers=[row.number],
        work=purge.DirectWork(company.namespace.pk),
        lake=company.lake,
        clock=timezone.now,
    )

    assert keys() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM purge_indexentry")
        assert cursor.fetchone() == (0,)
