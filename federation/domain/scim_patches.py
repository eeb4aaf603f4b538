"""SCIM PATCH on plain resources, with the quirks of Entra (RFC 7644, 3.5.2).

Operations in any case; pathless Replace with dotted and URN keys; `emails[type eq "work"].value`;
members removed as a value list or as `members[value eq "id"]`. A filter that is empty or not
understood is refused: it never clears a group.
"""

import copy
import re
from collections.abc import Mapping, Sequence

from governance.kernel.refusals import Invalid

PATH = re.compile(r"(?P<attribute>\w+)(?:\[(?P<filter>[^\]]*)\])?(?:\.(?P<sub>\w+))?", re.ASCII)
FILTER = re.compile(
    r"""\s*(?P<attribute>\w+)\s+eq\s+(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))\s*""",
    re.ASCII | re.IGNORECASE,
)
URN = re.compile(r"urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group):", re.IGNORECASE)
FOREIGN_URN = re.compile(r"urn:", re.IGNORECASE)
SPELLINGS = {
    name.lower(): name
    for name in (
        *("userName", "externalId", "displayName", "active", "name", "emails", "members"),
        *("formatted", "familyName", "givenName", "value", "type", "primary"),
    )
}
READ_ONLY = frozenset({"id", "meta", "schemas", "groups"})
MOST_OPERATIONS = 1000

Resource = dict[str, object]


class ScimPatchInvalid(Invalid):
    code = "scim_patch_invalid"
    sentence = "The patch is not understood: {why}"


def apply(resource: Mapping[str, object], operations: Sequence[object]) -> Resource:
    """The resource after all operations, or ScimPatchInvalid and nothing changed."""
    if not operations or len(operations) > MOST_OPERATIONS:
        raise ScimPatchInvalid(why=f"send 1 to {MOST_OPERATIONS} Operations.")
    patched = copy.deepcopy(dict(resource))
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise ScimPatchInvalid(why="each operation is an object with op.")
        _apply_one(patched, {str(key).lower(): value for key, value in operation.items()})
    return patched


def _apply_one(resource: Resource, operation: Mapping[str, object]) -> None:
    verb = str(operation.get("op", "")).lower()
    path = operation.get("path")
    value = operation.get("value")
    if verb not in {"add", "replace", "remove"}:
        raise ScimPatchInvalid(why="op is add, replace or remove.")
    if path:
        _at(resource, verb, str(path), value)
    elif verb == "remove":
        raise ScimPatchInvalid(why="remove needs a path.")
    elif not isinstance(value, Mapping):
        raise ScimPatchInvalid(why="without a path the value is an object.")
    else:
        for key, part in value.items():
            _at(resource, verb, str(key), part)


def _at(resource: Resource, verb: str, path: str, value: object) -> None:
    plain = URN.sub("", path)
    if FOREIGN_URN.match(plain):
        return  # an extension: accepted, and not kept
    match = PATH.fullmatch(plain.strip())
    if match is None:
        raise ScimPatchInvalid(why="a path is attribute, attribute.sub or attribute[filter].sub.")
    attribute = _spelled(match["attribute"])
    if attribute in READ_ONLY:
        return
    if match["filter"] is not None:
        _in_rows(resource, verb, attribute, _condition(match["filter"]), match["sub"], value)
    elif match["sub"] is not None:
        _sub(resource, verb, attribute, _spelled(match["sub"]), value)
    else:
        _whole(resource, verb, attribute, value)


def _whole(resource: Resource, verb: str, attribute: str, value: object) -> None:
    rows = _rows(resource, attribute)
    if verb == "remove":
        # An empty list names nobody: only a remove without any value means all (RFC 7644, 3.5.2.2).
        if rows and value is not None:
            gone = {_key(row) for row in _listed(value)}
            resource[attribute] = [row for row in rows if _key(row) not in gone]
        else:
            resource.pop(attribute, None)
    elif attribute in {"members", "emails"}:
        new = _listed(value)
        if verb == "add":
            fresh = {_key(row) for row in new}
            new = [row for row in rows if _key(row) not in fresh] + new
        resource[attribute] = new
    elif attribute == "name" and isinstance(value, Mapping):
        before = resource.get("name") if verb == "add" else {}
        parts = {_spelled(str(key)): part for key, part in value.items()}
        resource["name"] = (before if isinstance(before, dict) else {}) | parts
    else:
        resource[attribute] = value


def _sub(resource: Resource, verb: str, attribute: str, sub: str, value: object) -> None:
    if attribute in {"members", "emails"}:
        if sub == "value" and verb != "remove":
            _whole(resource, verb, attribute, [{"value": value}])
            return
        raise ScimPatchInvalid(why=f"say which of the {attribute} by a filter in brackets.")
    whole = resource.get(attribute)
    parts = dict(whole) if isinstance(whole, Mapping) else {}
    if verb == "remove":
        parts.pop(sub, None)
    else:
        parts[sub] = value
    resource[attribute] = parts


def _in_rows(
    resource: Resource,
    verb: str,
    attribute: str,
    condition: tuple[str, str],
    sub: str | None,
    value: object,
) -> None:
    rows = _rows(resource, attribute)
    name, wanted = condition
    hits = [row for row in rows if str(row.get(name, "")).lower() == wanted.lower()]
    if verb == "remove":
        if sub is None:
            resource[attribute] = [row for row in rows if row not in hits]
        for row in hits if sub is not None else ():
            row.pop(_spelled(str(sub)), None)
        return
    changes = {_spelled(sub): value} if sub else _one(value)
    if not hits:
        # Entra replaces what is not there yet and means: add it.
        resource[attribute] = [*rows, {name: wanted} | changes]
    for row in hits:
        row.update(changes)


def _condition(text: str) -> tuple[str, str]:
    match = FILTER.fullmatch(text)
    if match is None:
        raise ScimPatchInvalid(why='a filter in brackets is [attribute eq "value"].')
    value = match["plain"] if match["quoted"] is None else match["quoted"]
    return _spelled(match["attribute"]), value


def _rows(resource: Resource, attribute: str) -> list[Resource]:
    rows = resource.get(attribute)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _listed(value: object) -> list[Resource]:
    rows = value if isinstance(value, list) else [value]
    listed = []
    for row in rows:
        if isinstance(row, Mapping):
            listed.append({_spelled(str(key)): part for key, part in row.items()})
        elif isinstance(row, str):
            listed.append({"value": row})
        else:
            raise ScimPatchInvalid(why="the value is a list of objects with value.")
    return listed


def _one(value: object) -> Resource:
    rows = _listed(value)
    if len(rows) != 1:
        raise ScimPatchInvalid(why="the value is one object.")
    return rows[0]


def _key(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row.get("value", "")).lower(), str(row.get("type", "")).lower()


def _spelled(name: str) -> str:
    return SPELLINGS.get(name.lower(), name)
