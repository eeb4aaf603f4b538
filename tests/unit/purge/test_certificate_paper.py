"""The certificate on paper: times, counts and places as people read them."""

import re
import zlib

from purge.adapters.fpdf2_certificate_paper import render

DOCUMENT = {
    "certificate": 7,
    "kind": "partial",
    "namespace": "acme",
    "reference": "Łódź",
    "erasure_request": "01a208f1-5244-7be0-b4b1-d221e4966c74",
    "requested": {"at": "2026-11-23T15:06:02.692887+00:00", "by": "somebody"},
    "identity_proof": "",
    "approved": [{"at": "2026-11-23T17:11:39+02:00", "by": "somebody else"}],
    "report_hash": "a" * 64,
    "subjects": ["customer_id:4a12b19ff84da7d77906dfd6803be7cd"],
    "totals": {"records": 1, "bytes": 8300, "objects": 1},
    "verified": {"at": "2026-11-23T15:11:40+00:00", "objects_read": 1},
    "remains": [{"name": "lake/2.ndjson", "why": "It is locked", "until": "2026-12-01T00:00:00Z"}],
    "statements": [
        {
            "layer_kind": "filesystem",
            "deletion": "Cut out.",
            "previous_versions": "None are kept.",
            "physical_reclaim": "Overwritten in time.",
        }
    ],
    "objects": [{"name": "lake/1.ndjson", "records": 1, "bytes": 83, "done": True, "reclaim": ""}],
    "audit": {"sequence": 48, "hash": "b" * 64},
    "previous_certificate": "",
}
BODY = {
    "document": DOCUMENT,
    "hash": "c" * 64,
    "signature": "d" * 88,
    "public_key": "e" * 44,
    "audit_event_id": "01a208f6-7931-7926-9215-275ee9bda445",
}


def words() -> str:
    """The text of all pages, a line a piece."""
    streams = re.findall(rb"stream\n(.+?)\nendstream", render(BODY), re.DOTALL)
    pages = b"".join(zlib.decompress(stream) for stream in streams)
    return b"\n".join(re.findall(rb"\((.*?)\) Tj", pages)).decode("latin-1")


def test_times_are_written_for_people_with_their_zone() -> None:
    assert "23 November 2026, 15:06:02 UTC, by somebody" in words()
    assert "23 November 2026, 15:11:39 UTC, by somebody else" in words()
    assert "until 1 December 2026, 00:00:00 UTC" in words()
    assert "T15:" not in words()


def test_one_is_not_counted_in_the_plural() -> None:
    assert "1 record, 8,300 bytes" in words()
    assert "lake/1.ndjson: 1 record, 83 bytes, done" in words()


def test_what_a_font_lacks_leaves_a_trace_and_kinds_have_names() -> None:
    assert "<U+0141>ódz" in words()
    assert "Local folder" in words()
    assert "filesystem" not in words().lower()
