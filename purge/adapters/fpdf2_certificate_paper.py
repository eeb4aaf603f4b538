"""A certificate on paper: fpdf2 with its built-in fonts, which any reader has.

Those fonts know Latin-1 only. What they cannot show is spelled without its accents, or as its code
point: the JSON beside it is the certificate, this is its picture.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from purge.domain.masks import MASK

FONT = "helvetica"
MONO = "courier"
INK, SOFT, LINE, ACCENT = (22, 38, 43), (77, 96, 103), (216, 224, 225), (15, 110, 120)
SHOWN_OBJECTS = 400


def printable(text: str) -> str:
    """The text in Latin-1, nothing lost without a trace."""
    return "".join(_spelled(character) for character in text.replace(MASK, "***"))


def _spelled(character: str) -> str:
    if character.isprintable() or character in "\n ":
        for candidate in (character, unicodedata.normalize("NFKD", character)):
            kept = "".join(one for one in candidate if not unicodedata.combining(one))
            shown = candidate if candidate == character else kept
            if shown and _fits(shown):
                return shown
    return f"<U+{ord(character):04X}>"


def _fits(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


class _Paper(FPDF):
    """A4, with the number and the page at the foot of each."""

    def __init__(self, *, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_margin(20)
        self.set_auto_page_break(auto=True, margin=22)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.set_text_color(*SOFT)
        self.cell(w=0, text=printable(f"{self._foot} · page {self.page_no()} of {{nb}}"))


def render(body: Mapping[str, Any]) -> bytes:
    """The certificate, as `certificates.body` gives it, as a PDF file."""
    document = body["document"]
    paper = _Paper(foot=f"Erasure certificate {document['certificate']} · {body['hash']}")
    partial = document["kind"] == "partial"
    title = "Partial certificate of erasure" if partial else "Certificate of erasure"
    paper.set_title(f"{title} {document['certificate']}")
    paper.add_page()
    _heading(paper, title, size=20)
    _text(paper, f"Number {document['certificate']} of the namespace {document['namespace']}")
    if partial:
        _text(paper, "Something remains: see below. A complete one follows once it is gone.")
    paper.ln(3)
    _facts(paper, _about(document))
    if document["remains"]:
        _heading(paper, "What remains, and why")
        for one in document["remains"]:
            until = f", until {one['until']}" if one.get("until") else ""
            _text(paper, f"- {one['name'] or 'The whole erasure'}: {one['why']}{until}")
    _heading(paper, "What this means for each kind of storage")
    for one in document["statements"]:
        _text(paper, str(one["layer_kind"]).capitalize(), style="B")
        for part in ("deletion", "previous_versions", "physical_reclaim"):
            _text(paper, str(one[part]))
        paper.ln(1)
    _objects(paper, document["objects"])
    _heading(paper, "How to check it")
    _text(
        paper,
        "Its JSON file is what was signed: Ed25519 (RFC 8032) over the document, with sorted keys "
        "and no spaces. Paste the file into the page for checking certificates.",
    )
    _facts(paper, _seal(body))
    return bytes(paper.output())


def _about(document: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    totals = document["totals"]
    read = document["verified"]["objects_read"]
    approvals = [f"{one['at']} by {one['by']}" for one in document["approved"]]
    return [
        ("Reference", document["reference"] or "-"),
        ("Request", document["erasure_request"]),
        ("Asked for", f"{document['requested']['at']} by {document['requested']['by']}"),
        ("Identity checked", document["identity_proof"] or "-"),
        ("Approved", "\n".join(approvals) or "-"),
        ("Report", document["report_hash"] or "-"),
        ("People", "\n".join(document["subjects"])),
        ("Erased", f"{totals['records']} records, {totals['bytes']} bytes"),
        (
            "Objects",
            f"{totals['objects']} changed, {read} read again",
        ),
        ("Verified", document["verified"]["at"]),
    ]


def _seal(body: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    document, audit = body["document"], body["document"]["audit"]
    return [
        ("SHA-256", body["hash"]),
        ("Signature", body["signature"]),
        ("Public key", body["public_key"]),
        ("Certificate before", document["previous_certificate"] or "none"),
        (
            "Audit trail",
            f"link {audit['sequence']}, {audit['hash'] or '-'}",
        ),
        ("Audit event", body["audit_event_id"]),
    ]


def _heading(paper: FPDF, text: str, *, size: int = 12) -> None:
    paper.ln(4)
    paper.set_font(FONT, style="B", size=size)
    paper.set_text_color(*(ACCENT if size > 12 else INK))  # noqa: PLR2004 - the title's size
    paper.multi_cell(w=0, text=printable(text), new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _text(paper: FPDF, text: str, *, style: str = "") -> None:
    paper.set_font(FONT, style=style, size=9.5)
    paper.set_text_color(*INK)
    paper.multi_cell(w=0, h=4.8, text=printable(text), new_x="LMARGIN", new_y="NEXT")


def _facts(paper: FPDF, facts: Sequence[tuple[str, str]]) -> None:
    for name, value in facts:
        if paper.will_page_break(6):
            paper.add_page()
        paper.set_font(FONT, size=8.5)
        paper.set_text_color(*SOFT)
        paper.cell(w=36, h=4.8, text=printable(name))
        paper.set_font(MONO if len(value) > 60 else FONT, size=8.5)  # noqa: PLR2004 - hashes and keys
        paper.set_text_color(*INK)
        paper.multi_cell(
            w=0,
            h=4.8,
            text=printable(value),
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
            wrapmode=WrapMode.CHAR,
        )


def _objects(paper: FPDF, objects: Sequence[Mapping[str, Any]]) -> None:
    if not objects:
        return
    _heading(paper, "Objects")
    for one in objects[:SHOWN_OBJECTS]:
        done = "done" if one["done"] else "not done"
        _text(paper, f"{one['name']}: {one['records']} records, {one['bytes']} bytes, {done}")
        if one["reclaim"]:
            _text(paper, f"   {one['reclaim']}")
    if len(objects) > SHOWN_OBJECTS:
        _text(paper, f"and {len(objects) - SHOWN_OBJECTS} more, listed in the JSON file")
