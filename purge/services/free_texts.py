"""Texts that outlive the subjects, are mailed and certified: they may name nobody."""

from collections.abc import Collection

from governance.kernel.refusals import FieldError, Invalid
from purge.domain import masks

SEVERAL_LINES = frozenset({"reason", "identity_proof"})
LONGEST = 1000


class RequestInvalid(Invalid):
    code = "erasure_request_invalid"
    sentence = "The request is not usable: {why}."


def check(*, values: Collection[str], **written: str) -> None:
    """Each text by its field's name. `values` are what the people are known by."""
    for name, text in written.items():
        pointer = f"/{name}"
        breaks = "\r\n\t" if name in SEVERAL_LINES else ""
        if any(ord(character) < ord(" ") and character not in breaks for character in text):
            raise wrong(pointer, "it holds control characters")
        if len(text) > LONGEST:
            raise wrong(pointer, f"it is longer than {LONGEST} characters")
        if masks.names(text, values=values):
            raise wrong(pointer, "it names the person; leave identifiers to the subjects")


def wrong(pointer: str, why: str) -> RequestInvalid:
    return RequestInvalid(why=why, errors=[FieldError(pointer, "invalid", why)])
