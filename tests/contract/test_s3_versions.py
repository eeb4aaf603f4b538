"""What an S3 bucket keeps behind an object: old versions, delete markers, locks."""

import pytest

from purge.domain.s3_parts import MIB
from purge.domain.spans import Keep, Span
from purge.ports import (
    ObjectChanged,
    ObjectUnreachable,
    StoredObject,
)
from tests.factories.s3_home import Home, until
from tests.servers.seaweedfs import LOCKED, SUSPENDED, VERSIONED, S3Store


def test_old_versions_are_listed_behind_the_one_in_force(versioned: Home) -> None:
    versioned.put("k", b"one")
    versioned.put("k", b"two")
    versioned.put("k", b"three")

    found = [one for one in versioned.layer.objects(prefix="") if isinstance(one, StoredObject)]

    assert [(one.current, one.size) for one in found] == [(True, 5), (False, 3), (False, 3)]
    assert found[0].version == versioned.seen("k")


def test_versions_behind_a_delete_marker_are_listed_read_and_removed(versioned: Home) -> None:
    versioned.put("k", b"hidden")
    versioned.remove("k")

    (old,) = versioned.old("k")
    with versioned.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"hidden"
        assert opened.read(Span(1, 2)) == b"id"
    versioned.layer.remove(key="k", version=old.version)

    assert versioned.listed() == []
    answer = versioned.client.list_object_versions(Bucket=VERSIONED, Prefix=versioned.path)
    assert not answer.get("DeleteMarkers"), "the name itself may say who it was about"


def test_an_old_version_that_is_gone_is_noticed(versioned: Home) -> None:
    versioned.put("k", b"one")
    versioned.put("k", b"two")
    (old,) = versioned.old("k")
    versioned.layer.remove(key="k", version=old.version)

    with pytest.raises(ObjectChanged), versioned.layer.open(key="k", version=old.version):
        pass
    versioned.layer.remove(key="k", version=old.version)
    assert versioned.get("k") == b"two"


def test_an_old_version_that_came_into_force_again_is_not_removed_whole(versioned: Home) -> None:
    versioned.put("k", b"one")
    newer = versioned.put("k", b"two")
    (old,) = versioned.old("k")
    versioned.client.delete_object(Bucket=VERSIONED, Key=versioned.path + "k", VersionId=newer)

    with pytest.raises(ObjectChanged):
        versioned.layer.remove(key="k", version=old.version)

    assert versioned.get("k") == b"one"


def test_removing_the_version_in_force_brings_no_older_one_back(versioned: Home) -> None:
    versioned.put("k", b"older, somebody else's")
    versioned.put("k", b"theirs")

    versioned.layer.remove(key="k", version=versioned.seen("k"))

    assert versioned.layer.version(key="k") is None
    assert versioned.listed() == [("k", False)]
    (old,) = versioned.old("k")
    with versioned.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"older, somebody else's"


def test_the_same_bytes_written_twice_are_removed_twice(versioned: Home) -> None:
    versioned.put("k", b"theirs")
    versioned.put("k", b"theirs")

    versioned.layer.remove(key="k", version=versioned.seen("k"))

    assert versioned.listed() == []


def test_what_was_replaced_and_is_put_back_by_somebody_is_not_removed(home: Home) -> None:
    home.put("k", b"0123456789")
    ready = home.staged("k", Keep(0, 2))
    home.layer.publish(staged=ready)
    home.put("k", b"0123456789")

    home.layer.remove(key="k", version=ready.replaces)

    assert home.get("k") == b"0123456789"


def test_versions_from_before_the_bucket_kept_any_are_removed_too(s3_store: S3Store) -> None:
    suspended = Home(s3_store.client(), SUSPENDED)
    suspended.put("k", b"null version")
    big = b"x" * (12 * MIB)
    suspended.put("big", big)
    suspended.client.put_bucket_versioning(
        Bucket=SUSPENDED, VersioningConfiguration={"Status": "Enabled"}
    )
    suspended.put("k", b"newer")
    (old,) = suspended.old("k")
    with suspended.layer.open(key="k", version=old.version) as opened:
        assert opened.stream().read() == b"null version"

    suspended.layer.remove(key="k", version=old.version)
    suspended.rewrite("big", Keep(0, 6 * MIB))

    assert suspended.listed() == [("big", True), ("k", True)]
    assert suspended.get("big") == big[: 6 * MIB]


def test_a_locked_object_is_not_rewritten_until_its_lock_ends(locked: Home) -> None:
    end = until(3600)
    locked.put("k", b"0123", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=end)

    with pytest.raises(ObjectUnreachable) as caught:
        locked.staged("k", Keep(0, 1))

    assert caught.value.values["reason"] == "s3_locked"
    assert str(caught.value.values["until"]).startswith(end.strftime("%Y-%m-%dT%H:%M"))
    assert locked.uploads() == 0
    later = Home(locked.client, LOCKED, now=lambda: until(7200), path=locked.path)
    later.staged("k", Keep(0, 1))


def test_an_object_under_legal_hold_is_not_rewritten(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockLegalHoldStatus="ON")

    with pytest.raises(ObjectUnreachable, match="s3_legal_hold"):
        locked.staged("k", Keep(0, 1))

    locked.client.put_object_legal_hold(
        Bucket=LOCKED, Key=locked.path + "k", LegalHold={"Status": "OFF"}
    )
    locked.rewrite("k", Keep(0, 1))
    assert locked.listed() == [("k", True)]


def test_a_locked_old_version_stays_and_says_until_when(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(3600))
    locked.put("k", b"new")
    (old,) = locked.old("k")

    with pytest.raises(ObjectUnreachable) as caught:
        locked.layer.remove(key="k", version=old.version)

    assert caught.value.values["reason"] == "s3_locked"
    assert locked.listed() == [("k", True), ("k", False)]


def test_a_locked_version_in_force_is_not_hidden_either(locked: Home) -> None:
    locked.put("k", b"0123", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(3600))

    with pytest.raises(ObjectUnreachable, match="s3_locked"):
        locked.layer.remove(key="k", version=locked.seen("k"))

    assert locked.get("k") == b"0123"
