"""The local folder: what never leaves it, and writers who hold a file open."""

import os
import stat
from pathlib import Path

import pytest

from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.domain.spans import Keep
from purge.ports import (
    LayerInvalid,
    ObjectChanged,
    ObjectUnreachable,
    StoredObject,
    UnreachableObject,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "lake" / "default").mkdir(parents=True)
    return tmp_path / "lake" / "default"


@pytest.fixture
def layer(home: Path) -> FilesystemStorageLayer:
    return FilesystemStorageLayer(home=home)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rewritten(layer: FilesystemStorageLayer, key: str, *, keep: int) -> None:
    version = layer.version(key=key)
    assert version is not None
    layer.publish(
        staged=layer.stage(key=key, version=version, segments=[Keep(0, keep)], attempt="t")
    )


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a//b", "./a", "a/.", "a\0b"])
def test_a_key_cannot_climb_out(layer: FilesystemStorageLayer, key: str) -> None:
    with pytest.raises(LayerInvalid):
        layer.version(key=key)


def test_a_link_to_the_outside_is_reported_and_never_read(
    layer: FilesystemStorageLayer, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x")
    (home / "link").symlink_to(tmp_path / "secret")
    (home / "folder").symlink_to(tmp_path)

    listed = list(layer.objects(prefix=""))

    assert listed == [
        UnreachableObject("folder", "symbolic_link"),
        UnreachableObject("link", "symbolic_link"),
    ]
    with pytest.raises(ObjectUnreachable):
        layer.version(key="link")
    with pytest.raises(ObjectUnreachable):
        layer.version(key="folder/secret")


def test_a_link_to_another_object_of_the_layer_hides_nothing(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "part-1").write_text("x")
    (home / "latest").symlink_to(home / "part-1")

    assert [type(one) for one in layer.objects(prefix="")] == [StoredObject]


def test_a_folder_of_the_layer_that_is_a_link_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "sales").symlink_to(tmp_path / "elsewhere")
    layer = FilesystemStorageLayer(home=home, path="sales")

    assert [step.ok for step in layer.probe()] == [False]


def test_the_test_of_a_layer_says_how_each_step_went(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "part-1").write_text("x")

    steps = layer.probe()

    assert [step.ok for step in steps] == [True, True, True]
    assert steps[1].detail == "1 objects, 0 of them unreachable"
    assert names_in(home) == ["part-1"]


def test_mode_and_attributes_are_kept(layer: FilesystemStorageLayer, home: Path) -> None:
    (home / "k").write_bytes(b"0123456789")
    (home / "k").chmod(0o640)
    os.setxattr(home / "k", "user.source", b"crm")

    rewritten(layer, "k", keep=4)

    assert (home / "k").read_bytes() == b"0123"
    assert stat.S_IMODE((home / "k").stat().st_mode) == 0o640
    assert os.getxattr(home / "k", "user.source") == b"crm"


def test_a_second_name_for_the_same_bytes_is_refused(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "k").write_bytes(b"0123456789")
    os.link(home / "k", home / "other")

    with pytest.raises(ObjectUnreachable) as refused:
        rewritten(layer, "k", keep=4)

    assert refused.value.values["reason"] == "hard_links"
    assert names_in(home) == ["k", "other"]


def test_a_file_that_somebody_has_open_for_writing_is_left_alone(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "k").write_bytes(b"0123456789")

    with (home / "k").open("ab") as writer:
        with pytest.raises(ObjectUnreachable) as refused:
            rewritten(layer, "k", keep=4)
        writer.write(b"more")

    assert refused.value.values["reason"] == "open_for_writing"
    assert (home / "k").read_bytes() == b"0123456789more"
    assert names_in(home) == ["k"]


def test_an_append_between_staging_and_publishing_is_kept(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "k").write_bytes(b"0123456789")
    version = layer.version(key="k")
    assert version is not None
    staged = layer.stage(key="k", version=version, segments=[Keep(0, 2)], attempt="t")
    with (home / "k").open("ab") as writer:
        writer.write(b"more")

    with pytest.raises(ObjectChanged):
        layer.publish(staged=staged)

    assert (home / "k").read_bytes() == b"0123456789more"


def test_a_staged_file_that_was_tampered_with_is_not_published(
    layer: FilesystemStorageLayer, home: Path
) -> None:
    (home / "k").write_bytes(b"0123456789")
    version = layer.version(key="k")
    assert version is not None
    staged = layer.stage(key="k", version=version, segments=[Keep(0, 2)], attempt="t")
    (home / ".lakewarden-t.new").write_bytes(b"evil")

    with pytest.raises(ObjectChanged):
        layer.publish(staged=staged)

    assert (home / "k").read_bytes() == b"0123456789"
