"""A certificate on paper: fpdf2 with its built-in fonts, which any reader has.

Those fonts know Latin-1 only. What they cannot show is spelled without its accents, or as its code
point: the JSON that is attached to it is the certificate, this is its picture.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from purge.domain.masks import MASK
from purge.ports import LayerKind

FONT = "helvetica"
MONO = "courier"
INK, SOFT, LINE, ACCENT = (22, 38, 43), (77, 96, 103), (216, 224, 225), (15, 110, 120)
SHOWN_OBJECTS = 400
AN_ID = 32  # letters of the shortest identifier or fingerprint
KINDS = {
    LayerKind.FILESYSTEM: "Local folder",
    LayerKind.S3: "S3",
    LayerKind.POSTGRESQL: "PostgreSQL",
    LayerKind.TABLE: "Tables of a format",
}
PARTS = {
    "deletion": "Erased",
    "previous_versions": "Earlier versions",
    "physical_reclaim": "Freed space",
}


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
    """A4, with who issued it at the head, and the number and the page at the foot of each."""

    def __init__(self, *, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_margin(20)
        self.set_auto_page_break(auto=True, margin=22)

    def header(self) -> None:
        self.set_y(12)
        self.set_font(FONT, style="B", size=9)
        self.set_text_color(*SOFT)
        self.cell(w=0, text="Lakewarden", new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*LINE)
        self.line(self.l_margin, self.get_y() + 2, self.w - self.r_margin, self.get_y() + 2)
        self.set_y(22)

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
            until = f", until {_time(one['until'])}" if one.get("until") else ""
            _text(paper, f"{one['name'] or 'The whole erasure'}: {one['why']}{until}")
    _heading(paper, "What this means for each kind of storage")
    for one in document["statements"]:
        _text(paper, KINDS[LayerKind(one["layer_kind"])], style="B")
        _facts(paper, [(name, str(one[part])) for part, name in PARTS.items()])
        paper.ln(1)
    _objects(paper, document["objects"])
    _heading(paper, "How to check it")
    _text(
        paper,
        "Its JSON file is what was signed, and is attached to this one: Ed25519 (RFC 8032) over "
        "the document, with sorted keys and no spaces. Paste it into the page for checking "
        "certificates, or check it anywhere else with the public key of whoever issued it.",
    )
    _facts(paper, _seal(body))
    paper.embed_file(
        bytes=json.dumps(body, indent=2, ensure_ascii=False).encode(),
        basename=f"erasure-{document['certificate']}.json",
        mime_type="application/json",
        compress=True,
    )
    return bytes(paper.output())


def _about(document: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    totals = document["totals"]
    read = document["verified"]["objects_read"]
    approvals = [_act(one) for one in document["approved"]]
    return [
        ("Reference", document["reference"] or "-"),
        ("Request", document["erasure_request"]),
        ("Asked for", _act(document["requested"])),
        ("Identity checked", document["identity_proof"] or "-"),
        ("Approved", "\n".join(approvals) or "-"),
        ("Report", document["report_hash"] or "-"),
        ("People", "\n".join(document["subjects"])),
        ("Erased", f"{_count(totals['records'], 'record')}, {_count(totals['bytes'], 'byte')}"),
        ("Objects", f"{totals['objects']} changed, {read} read again"),
        ("Verified", _time(document["verified"]["at"])),
    ]


def _act(done: Mapping[str, str]) -> str:
    """When somebody did it, and who, by number: a certificate names nobody."""
    return f"{_time(done['at'])}, by {done['by']}"


def _time(text: str) -> str:
    """A stored ISO time as people write it; anything else as it is."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return text
    return f"{at:%-d %B %Y, %H:%M:%S} UTC"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _seal(body: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    document, audit = body["document"], body["document"]["audit"]
    return [
        ("SHA-256", body["hash"]),
        ("Signature", body["signature"]),
        ("Public key", body["public_key"]),
        ("Certificate before", document["previous_certificate"] or "none"),
        ("Audit trail", audit["hash"] or "-"),
        ("Its link", str(audit["sequence"])),
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
    paper.multi_cell(w=0, h=4.8, text=printable(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _facts(paper: FPDF, facts: Sequence[tuple[str, str]]) -> None:
    for name, value in facts:
        if paper.will_page_break(6):
            paper.add_page()
        paper.set_font(FONT, size=8.5)
        paper.set_text_color(*SOFT)
        paper.cell(w=36, h=4.8, text=printable(name))
        is_code = len(value) >= AN_ID and " " not in value
        paper.set_font(MONO if is_code else FONT, size=8.5)
        paper.set_text_color(*INK)
        paper.multi_cell(
            w=0,
            h=4.8,
            text=printable(value),
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
            wrapmode=WrapMode.CHAR if is_code else WrapMode.WORD,
        )


def _objects(paper: FPDF, objects: Sequence[Mapping[str, Any]]) -> None:
    if not objects:
        return
    _heading(paper, "Objects")
    for one in objects[:SHOWN_OBJECTS]:
        done = "done" if one["done"] else "not done"
        size = f"{_count(one['records'], 'record')}, {_count(one['bytes'], 'byte')}"
        _text(paper, f"{one['name']}: {size}, {done}")
        if one["reclaim"]:
            _text(paper, f"   {one['reclaim']}")
    if len(objects) > SHOWN_OBJECTS:
        _text(paper, f"and {len(objects) - SHOWN_OBJECTS} more, listed in the JSON file")
