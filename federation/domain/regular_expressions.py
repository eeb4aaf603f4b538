"""RegexReplace with RE2: linear time whatever an administrator writes, .NET group syntax allowed.

Python's own engine needs seconds for `^(a+)+$`; RE2 never backtracks. What it cannot do
(lookaround, backreferences) is refused when the rule is saved.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import re2

LONGEST_PATTERN = 1_000
MOST_EXTRAS = 5
PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_]+)\}")
DOTNET_GROUP = re.compile(r"\(\?(?:'([A-Za-z_]\w*)'|<([A-Za-z_]\w*)>)", re.ASCII)


class PatternUnusableError(ValueError):
    """The pattern or its template cannot run; the message says why."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> "re2._Regexp":
    """Raises PatternUnusableError."""
    if len(pattern) > LONGEST_PATTERN:
        message = f"a pattern has at most {LONGEST_PATTERN} characters"
        raise PatternUnusableError(message)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(rewritten(pattern), options)
    except re2.error as error:
        message = f"the pattern cannot run here (no lookaround, no backreferences): {error}"
        raise PatternUnusableError(message) from error


def rewritten(pattern: str) -> str:
    """.NET's named groups, `(?'name'…)` and `(?<name>…)`, as RE2 writes them."""
    return "".join(
        DOTNET_GROUP.sub(lambda group: f"(?P<{group[1] or group[2]}>", piece) if plain else piece
        for plain, piece in _pieces(pattern)
    )


def _pieces(pattern: str) -> Iterator[tuple[bool, str]]:
    """The pattern in pieces: plain, or an escape or character class, which are left alone."""
    special = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
    position = 0
    for found in special.finditer(pattern):
        yield True, pattern[position : found.start()]
        yield False, found.group()
        position = found.end()
    yield True, pattern[position:]


def check(*, pattern: str, template: str, extras: Mapping[str, str]) -> None:
    """Raises PatternUnusableError where the template and the pattern do not fit together."""
    expression = compiled(pattern)
    wanted = set(PLACEHOLDER.findall(template))
    groups = set(expression.groupindex) | {str(n) for n in range(expression.groups + 1)}
    if len(extras) > MOST_EXTRAS:
        message = f"at most {MOST_EXTRAS} parameters of its own"
    elif set(extras) & groups:
        message = "a parameter has the name of a group"
    elif wanted - groups - set(extras):
        message = f"the replacement names an unknown group: {min(wanted - groups - set(extras))}"
    elif set(extras) - wanted:
        message = f"a parameter is not used in the replacement: {min(set(extras) - wanted)}"
    else:
        return
    raise PatternUnusableError(message)


def filled(*, pattern: str, template: str, text: str, extras: Mapping[str, str]) -> str | None:
    """The template with the match's groups and the extras in it; None where nothing matches."""
    found = compiled(pattern).search(text)
    if found is None:
        return None
    named = found.groupdict()

    def value(placeholder: "re.Match[str]") -> str:
        name = placeholder[1]
        if name in extras:
            return extras[name]
        return (found.group(int(name)) if name.isdecimal() else named[name]) or ""

    return PLACEHOLDER.sub(value, template)
