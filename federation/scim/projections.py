"""Which attributes an answer carries: `attributes` and `excludedAttributes` (RFC 7644, 3.9)."""

from collections.abc import Mapping

from django.http import HttpRequest

ALWAYS = frozenset({"schemas", "id", "meta"})
URN_SEPARATOR = ":"


def projected(resource: Mapping[str, object], request: HttpRequest) -> dict[str, object]:
    """The resource as asked for. `schemas`, `id` and `meta` always stay."""
    wanted, unwanted = names(request, "attributes"), names(request, "excludedAttributes")
    shown = dict(resource)
    if wanted:
        shown = {key: value for key, value in shown.items() if _asked(key, wanted)}
    for key in [key for key in shown if key.lower() in unwanted and key not in ALWAYS]:
        del shown[key]
    for key, value in shown.items():
        if isinstance(value, Mapping) and key not in ALWAYS:
            shown[key] = _parts(key, value, wanted=wanted, unwanted=unwanted)
    return shown


def names(request: HttpRequest, parameter: str) -> frozenset[str]:
    """The attribute names of a query parameter, in lower case and without their schema."""
    words = request.GET.get(parameter, "").replace(" ", "").split(",")
    return frozenset(word.rpartition(URN_SEPARATOR)[2].lower() for word in words if word)


def _asked(key: str, wanted: frozenset[str]) -> bool:
    name = key.lower()
    return key in ALWAYS or any(word == name or word.startswith(f"{name}.") for word in wanted)


def _parts(
    key: str, value: Mapping[str, object], *, wanted: frozenset[str], unwanted: frozenset[str]
) -> dict[str, object]:
    whole = not wanted or key.lower() in wanted
    return {
        part: inner
        for part, inner in value.items()
        if (whole or f"{key}.{part}".lower() in wanted) and f"{key}.{part}".lower() not in unwanted
    }
