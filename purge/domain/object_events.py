"""Events of an object store: Amazon S3's notification, alone or in an SNS envelope.

They come at least once and in any order. `sequencer` orders the events of one key: hexadecimal
numbers of different lengths, compared after padding the shorter with zeros on the right (Amazon S3
User Guide, "Event message structure"). Keys are URL-encoded there, with + for a space.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

MOST_RECORDS = 1000
LONGEST_KEY = 1024
SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")
TOLD = (
    "ObjectCreated:",
    "ObjectRemoved:",
    "ObjectTagging:",
    "ObjectRestore:",
    "LifecycleExpiration:",
)
"""What changes an object's content, its name or whose it is. The rest is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent:
    """Something happened to the object; what it is now, the store is asked itself."""

    bucket: str
    key: str
    sequencer: str
    version_id: str = ""
    etag: str = ""
    retags: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a notification: an event, or why it is none. Never quotes a key."""

    position: int
    event: ObjectEvent | None
    refused: str = ""
    ignored: str = ""


def entries(document: object) -> Iterator[Entry]:
    """Every record of a notification by itself, so that junk in one costs no other."""
    opened = _opened(document) if isinstance(document, Mapping) else None
    if isinstance(opened, str):
        yield Entry(0, None, ignored=opened)
        return
    records = opened.get("Records") if isinstance(opened, Mapping) else None
    if not isinstance(records, Sequence) or isinstance(records, str):
        yield Entry(0, None, refused="there is no list of Records")
        return
    for position, record in enumerate(records[:MOST_RECORDS]):
        yield _entry(position, record)
    if len(records) > MOST_RECORDS:
        yield Entry(MOST_RECORDS, None, refused=f"a notification has at most {MOST_RECORDS}")


def is_newer(sequencer: str, *, than: str) -> bool:
    width = max(len(sequencer), len(than))
    return sequencer.lower().ljust(width, "0") > than.lower().ljust(width, "0")


def _opened(document: Mapping[str, object]) -> object:
    """What is inside an SNS envelope; a text says why there is nothing to do."""
    if document.get("Event") == "s3:TestEvent":
        return "the store tries the connection"
    if str(document.get("Type", "")).endswith("Confirmation"):
        return "a subscription is confirmed by its owner"
    if document.get("Type") == "Notification":
        return _parsed(document.get("Message"))
    return document


def _parsed(message: object) -> object:
    try:
        parsed: object = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        return None
    # One envelope, not a nest of them; a text would mean that there is nothing to do.
    is_inner = isinstance(parsed, Mapping) and parsed.get("Type") != "Notification"
    return parsed if is_inner else None


def _entry(position: int, record: object) -> Entry:
    name = _text(record, "eventName").removeprefix("s3:")
    key = unquote_plus(_text(record, "s3", "object", "key"))
    event = ObjectEvent(
        bucket=_text(record, "s3", "bucket", "name"),
        key=key,
        sequencer=_text(record, "s3", "object", "sequencer"),
        version_id=_text(record, "s3", "object", "versionId"),
        etag=_text(record, "s3", "object", "eTag").strip('"'),
        retags=not name.startswith(("ObjectCreated:", "ObjectRemoved:")),
    )
    wrong = _wrong(name, event)
    if wrong:
        return Entry(position, None, refused=wrong)
    if not name.startswith(TOLD):
        return Entry(position, None, ignored="this kind of event changes nothing here")
    return Entry(position, event)


def _wrong(name: str, event: ObjectEvent) -> str:
    if not name or not event.key or not event.bucket:
        return "it names no event, bucket or key"
    if len(event.key.encode("utf-8", "surrogatepass")) > LONGEST_KEY or "\0" in event.key:
        return "the key is none that a store can have"
    if event.sequencer and not SEQUENCER.fullmatch(event.sequencer):
        return "the sequencer is no hexadecimal number"
    return ""


def _text(value: object, *path: str) -> str:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
