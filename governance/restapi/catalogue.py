"""Every refusal there is, read from the code: what docs/problems.md is made of."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from governance.kernel.refusals import Refusal
from governance.restapi.problems import status_of

ROOTS = ("governance", "federation", "purge", "usage_limits")
SKIPPED = ("migrations", "management", "wsgi", "asgi", "__main__", "demo_idp", "settings")
HEAD = """# Problems

Every no of the REST API is a problem document (RFC 9457, `application/problem+json`):

| field | what it is |
|---|---|
| `type` | `urn:lakewarden:problem:` and the code |
| `title` | the name of the status |
| `status` | the HTTP status |
| `detail` | a sentence for the person who reads it |
| `code` | stable; decide by this one |
| `errors` | `[{{"pointer", "code", "detail"}}]`, for fields: pointers into the body (RFC 6901) |

This page is made from the code by `manage.py problems_page`; a test compares them.

| code | status | sentence |
|---|---|---|
{rows}

What the framework itself refuses has these codes:

| code | status | when |
|---|---|---|
| `invalid` | 400 | a field of the body is wrong; `errors` points at each |
| `parse_error` | 400 | the body is not JSON that is accepted |
| `not_authenticated` | 401 | there is no token and no session |
| `token_refused` | 401 | the token is unknown, expired or revoked |
| `csrf_failed` | 403 | a session writes without its CSRF token |
| `not_found` | 404 | there is no such thing, or it belongs to another namespace |
| `method_not_allowed` | 405 | this address does not know the method |
| `unsupported_media_type` | 415 | the body is not `application/json` |
| `internal_error` | 500 | something failed on our side; the log says what |
"""


@dataclass(frozen=True, slots=True)
class Entry:
    code: str
    status: HTTPStatus
    sentence: str
    module: str


def entries() -> list[Entry]:
    """One for each code, sorted by it."""
    import_everything()
    found: dict[str, Entry] = {}
    for refusal in _below(Refusal):
        code = getattr(refusal, "code", None)
        if code is None or inspect.isabstract(refusal) or not refusal.__module__.startswith(ROOTS):
            continue
        entry = Entry(
            code=code,
            status=status_of(refusal.__new__(refusal)),
            sentence=refusal.sentence,
            module=refusal.__module__,
        )
        found.setdefault(code, entry)
    return [found[code] for code in sorted(found)]


def page() -> str:
    rows = "\n".join(
        f"| `{entry.code}` | {entry.status.value} | {_cell(entry.sentence)} |"
        for entry in entries()
    )
    return HEAD.format(rows=rows)


def import_everything() -> None:
    """A refusal that nobody imported yet is not known to Python."""
    for root in ROOTS:
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if not any(part in SKIPPED for part in module.name.split(".")):
                importlib.import_module(module.name)


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
