"""Search filters and distinguished names, with everything that a person typed escaped."""

import re

from federation.adapters.ldap3_sockets import parts
from federation.domain.directories import DirectorySettings

PLACE = re.compile(r"\{([01])\}")
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def assertion_value(text: str) -> str:
    r"""`text` as a filter's value: every byte that is not plain ASCII as `\xx` (RFC 4515)."""
    return "".join(chr(b) if chr(b) in PLAIN else f"\\{b:02x}" for b in text.encode())


def relative_value(text: str) -> str:
    r"""`text` as the value in a distinguished name, every other byte as `\xx` (RFC 4514)."""
    return "".join(chr(byte) if chr(byte) in PLAIN else f"\\{byte:02x}" for byte in text.encode())


def user_condition(*, settings: DirectorySettings, user: str) -> str:
    """The filter that finds one person."""
    template = settings.user_filter or f"({settings.username_attribute}={{0}})"
    return _filled(template, user=user, dn="")


def group_condition(*, settings: DirectorySettings, user: str, dn: str) -> str:
    """The filter that finds the groups of one person (or of one group, by its name and DN)."""
    key = settings.group_membership_key
    template = settings.group_filter or (
        f"(&(objectClass={settings.group_class_key})(|({key}={{1}})({key}={{0}})))"
    )
    return _filled(template, user=user, dn=dn)


def candidate_dns(*, settings: DirectorySettings, user: str, domain: str) -> tuple[str, ...]:
    """What to bind as where no bind account can look the person up first.

    As HiveServer2: the patterns, else `user@domain`, else the attribute below the base.
    """
    if settings.user_dn_patterns:
        name = relative_value(user)
        return tuple(pattern.replace("%s", name) for pattern in settings.user_dn_patterns)
    if settings.domain or domain:
        # The directory's own spelling: what was typed may be a short name, as in `ACME\\user`.
        return (f"{user}@{settings.domain or domain}",)
    return (f"{settings.username_attribute}={relative_value(user)},{settings.base_dn}",)


def nobody(*, settings: DirectorySettings) -> str:
    """A name that nobody has, for the bind that makes an unknown user as slow as a known one."""
    return f"{settings.username_attribute}=nobody-lakewarden-0,{settings.base_dn}"


def uses_tls_from_start(url: str) -> bool:
    return parts(url)[0] == "ldaps"


def _filled(template: str, *, user: str, dn: str) -> str:
    values = {"0": assertion_value(user), "1": assertion_value(dn)}
    return PLACE.sub(lambda place: values[place[1]], template)
