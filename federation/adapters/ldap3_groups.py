"""A person's groups: by the groups' members or by the person's entry, nested where asked for."""

import struct

from federation.adapters import ldap3_filters as filters
from federation.adapters.ldap3_connections import Entry, Line
from federation.domain.directories import DirectorySettings, Group

DEEPEST = 10
MOST_GROUPS = 1000
EVERYTHING = "(objectClass=*)"
SID_HEADER = 8


def groups_of(
    *, line: Line, settings: DirectorySettings, entry: Entry, user: str
) -> tuple[Group, ...]:
    """All groups that count for this person, nearest first. Cycles end, and so does depth."""
    direct = _direct(line=line, settings=settings, entry=entry, user=user)
    found = {group.dn.casefold(): group for group in direct}
    edge = direct if settings.nested_groups else []
    for _ in range(DEEPEST):
        edge = _above(line=line, settings=settings, groups=edge, known=found)
        if not edge or len(found) >= MOST_GROUPS:
            break
    return tuple(list(found.values())[:MOST_GROUPS])


def name_of(dn: str) -> str:
    """The value of a distinguished name's first part, unescaped: the name people use."""
    first, escaped = "", False
    for character in dn:
        if character == "," and not escaped:
            break
        first += character
        escaped = character == "\\" and not escaped
    return _unescaped(first.partition("=")[2])


def _direct(*, line: Line, settings: DirectorySettings, entry: Entry, user: str) -> list[Group]:
    if settings.user_membership_key:
        groups = [Group(dn, name_of(dn)) for dn in entry.all(settings.user_membership_key)]
    else:
        groups = _searched(
            line=line,
            settings=settings,
            condition=filters.group_condition(settings=settings, user=user, dn=entry.dn),
        )
    return groups + _primary(line=line, settings=settings, entry=entry)


def _above(
    *, line: Line, settings: DirectorySettings, groups: list[Group], known: dict[str, Group]
) -> list[Group]:
    """The groups that these groups are members of and that are not known yet."""
    fresh: list[Group] = []
    for group in groups:
        for parent in _parents(line=line, settings=settings, group=group):
            key = parent.dn.casefold()
            if key not in known and len(known) < MOST_GROUPS:
                known[key] = parent
                fresh.append(parent)
    return fresh


def _parents(*, line: Line, settings: DirectorySettings, group: Group) -> list[Group]:
    if settings.user_membership_key:
        entries = line.search(
            base=group.dn,
            condition=EVERYTHING,
            attributes=(settings.user_membership_key,),
            limit=1,
            only_base=True,
        )
        dns = [dn for entry in entries for dn in entry.all(settings.user_membership_key)]
        return [Group(dn, name_of(dn)) for dn in dns]
    member = filters.assertion_value(group.dn)
    condition = (
        f"(&(objectClass={settings.group_class_key})({settings.group_membership_key}={member}))"
    )
    return _searched(line=line, settings=settings, condition=condition)


def _searched(*, line: Line, settings: DirectorySettings, condition: str) -> list[Group]:
    entries = line.search(
        base=settings.group_base_dn or settings.base_dn,
        condition=condition,
        attributes=("cn",),
        limit=MOST_GROUPS,
    )
    return [Group(entry.dn, name_of(entry.dn)) for entry in entries]


def _primary(*, line: Line, settings: DirectorySettings, entry: Entry) -> list[Group]:
    """Active Directory's primary group, which lists nobody: found by its security identifier."""
    relative_id = entry.first("primaryGroupID")
    sid = entry.values.get("objectsid", (b"",))[0]
    if not relative_id.isdecimal() or len(sid) < SID_HEADER + 4:
        return []
    group_sid = sid[:-4] + struct.pack("<I", int(relative_id))
    value = "".join(f"\\{byte:02x}" for byte in group_sid)
    return _searched(line=line, settings=settings, condition=f"(objectSid={value})")


def _unescaped(value: str) -> str:
    raw = bytearray()
    characters = iter(range(len(value)))
    for position in characters:
        if value[position] != "\\":
            raw += value[position].encode()
            continue
        pair = value[position + 1 : position + 3]
        if len(pair) == 2 and all(c in "0123456789abcdefABCDEF" for c in pair):  # noqa: PLR2004
            raw.append(int(pair, 16))
            next(characters, None)
            next(characters, None)
        else:
            raw += value[position + 1 : position + 2].encode()
            next(characters, None)
    return raw.decode("utf-8", "replace")
