"""What a button may answer with, beside a sentence: a result to read, or a secret shown once."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from governance.adminsite.attention import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Shown above the button's form, which stays open: for trying something out.

    `remarks` stand below the sentence. `steps` are rows of (what, ok, detail), marked with the
    two words of `marks`: for tests these are verdicts; for what merely applies or not, give
    others and set `is_verdict` to False.
    """

    urgency: Urgency | None
    word: str
    sentence: str = ""
    remarks: tuple[str, ...] = ()
    steps: tuple[tuple[str, bool, str], ...] = ()
    marks: tuple[str, str] = ("Works", "Fails")
    is_verdict: bool = True


def shown_once(
    *,
    request: HttpRequest,
    context: dict[str, object],
    title: str,
    label: str,
    secret: str,
    back: str,
) -> HttpResponse:
    """A page that shows a secret once. It is rendered at once and stored nowhere."""
    page = {**context, "title": title, "label": label, "secret": secret, "back": back}
    response = TemplateResponse(request, "adminsite/shown_once.html", page)
    response["Cache-Control"] = "no-store"
    return response
