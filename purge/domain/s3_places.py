"""Where an S3 layer lies, and which place of the store a namespace may use.

A layer with credentials of its own is bounded by what they may do. One without uses the
instance's, which everybody shares: only below the roots that the operator named, and there only
in the part that has the namespace's name, as with folders.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
STYLES = ("auto", "path", "virtual")
MOST_NAME = 900
"""Bytes of a path, so that names below it stay within S3's 1,024."""


class PlaceWrongError(ValueError):
    """An option that cannot be used: `option` is its name, the text says why."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(why)
        self.option = option


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """A bucket, and the part of its names that the layer is. `path` is empty or ends with /."""

    bucket: str
    path: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    addressing_style: str = "auto"
    requester_pays: bool = False


def place(options: Mapping[str, object]) -> S3Place:
    """The place that the options say. Raises PlaceWrongError."""
    known = set(S3Place.__dataclass_fields__)
    for name in sorted(options):
        if name not in known:
            raise PlaceWrongError(
                name, f"there is no such option; there are {', '.join(sorted(known))}"
            )
    texts = {name: _text(options, name) for name in known - {"requester_pays"}}
    requester_pays = options.get("requester_pays", False)
    if not isinstance(requester_pays, bool):
        raise PlaceWrongError("requester_pays", "give true or false")
    if not BUCKET.fullmatch(texts["bucket"]) or ".." in texts["bucket"]:
        raise PlaceWrongError("bucket", "give the name of a bucket, such as company-lake")
    if texts["region"] and not REGION.fullmatch(texts["region"]):
        raise PlaceWrongError("region", "give a region, such as eu-central-1")
    style = texts["addressing_style"] or "auto"
    if style not in STYLES:
        raise PlaceWrongError("addressing_style", f"choose one of {', '.join(STYLES)}")
    return S3Place(
        bucket=texts["bucket"],
        path=_path(texts["path"]),
        region=texts["region"] or None,
        endpoint_url=texts["endpoint_url"].rstrip("/") or None,
        addressing_style=style,
        requester_pays=requester_pays,
    )


def _text(options: Mapping[str, object], name: str) -> str:
    value = options.get(name, "")
    if not isinstance(value, str):
        raise PlaceWrongError(name, "give a text")
    return value


def _path(text: str) -> str:
    path = text.strip("/")
    if not path:
        return ""
    if len(path.encode()) > MOST_NAME:
        raise PlaceWrongError("path", f"a path has at most {MOST_NAME} bytes")
    if not is_plain(path) or "" in path.split("/"):
        raise PlaceWrongError("path", "a path has no empty, '.' or '..' parts and no NUL")
    return f"{path}/"


def is_plain(name: str) -> bool:
    """Whether no store or proxy could take this name for one elsewhere."""
    return not {".", ".."} & set(name.split("/")) and "\0" not in name


def is_shared_with(place: S3Place, *, roots: Sequence[str], namespace_name: str) -> bool:
    """Whether the instance's credentials may be used there for this namespace.

    A root is `bucket` or `bucket/path`; the namespace's part of it is the folder of its name.
    """
    if namespace_name in {"", ".", ".."}:
        return False
    homes = [f"{root.removeprefix('s3://').strip('/')}/{namespace_name}/" for root in roots]
    return any(f"{place.bucket}/{place.path}".startswith(home) for home in homes)
