"""Configuring directories: what is written is checked, and a stored password stays where it is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from federation.domain import login_names
from federation.domain.directories import DirectorySettings, TLSMode
from federation.models import Directory
from governance.audit import trail
from governance.isolation import crossings
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actors import Actor
from governance.kernel.refusals import Conflict, FieldError, Invalid
from governance.secrets import sealing
from governance.tenancy.models import Namespace
from governance.tenancy.services import step_up

# A stored password must not be sent anywhere else than whoever typed it meant.
PLACES_OF_PASSWORD = ("urls", "tls", "ca_certificates", "bind_dn")
MOST_URLS = 8
FILTERS = ("user_filter", "group_filter")
PLACE = re.compile(r"\{[01]\}")


class DirectoryValues(TypedDict, total=False):
    name: str
    enabled: bool
    urls: list[str]
    tls: str
    ca_certificates: str
    bind_dn: str
    bind_password: str | None
    base_dn: str
    domain: str
    user_dn_patterns: list[str]
    user_filter: str
    username_attribute: str
    group_base_dn: str
    group_filter: str
    group_class_key: str
    group_membership_key: str
    user_membership_key: str
    nested_groups: bool
    allowed_groups: list[str]
    allowed_users: list[str]
    timeout_seconds: int


class DirectoryInvalid(Invalid):
    code = "directory_invalid"
    sentence = "The directory is not valid."


class DirectoryNameTaken(Conflict):
    code = "directory_name_taken"
    sentence = "There is already a directory named {name}. Choose another name."


class DirectoryDomainTaken(Conflict):
    code = "directory_domain_taken"
    sentence = "The domain {domain} belongs to another directory of this installation."


class DirectoryDomainNotGranted(Conflict):
    code = "directory_domain_not_granted"
    sentence = (
        "The domain {domain} is not granted to this namespace. It decides whose directory a "
        "password is sent to: whoever runs the installation grants it (DIRECTORY_DOMAINS)."
    )


def create(*, values: DirectoryValues, actor: Actor, now: datetime) -> Directory:
    """A directory of the open scope.

    Raises DirectoryInvalid, DirectoryNameTaken, DirectoryDomainTaken, DirectoryDomainNotGranted.
    """
    return _saved(Directory(), values, verb="created", actor=actor, now=now)


def change(
    *, directory: Directory, values: DirectoryValues, actor: Actor, now: datetime
) -> Directory:
    """Change what `values` names. A bind password of None stays as it is."""
    locked = Directory.objects.select_for_update().get(pk=directory.pk)
    return _saved(locked, values, verb="changed", actor=actor, now=now)


def remove(*, directory: Directory, actor: Actor, now: datetime) -> None:
    """Remove it with its mappings. People who came by it stay, and cannot come again."""
    step_up.require_recent(actor=actor, now=now)
    with transaction.atomic():
        trail.record(actor=actor, action="directory.deleted", target=directory, now=now)
        directory.delete()


def domain_is_granted(domain: str) -> bool:
    """Whether the open scope's namespace may have it. Without any grant, first come has it."""
    grants: Mapping[str, str] = settings.FEDERATION_DIRECTORY_DOMAINS
    if not grants:
        return True
    namespace = Namespace.objects.filter(pk=current_namespace_id()).first()
    return namespace is not None and grants.get(domain) == namespace.name


def settings_of(directory: Directory) -> DirectorySettings:
    """Everything the adapter needs, the bind account's password included."""
    return replace(
        directory.settings_without_secret(), bind_password=sealing.get(directory, "bind_password")
    )


def _saved(
    directory: Directory, values: DirectoryValues, *, verb: str, actor: Actor, now: datetime
) -> Directory:
    # Shutting a door never waits for a proof.
    if dict(values) != {"enabled": False}:
        step_up.require_recent(actor=actor, now=now)
    before = {name: getattr(directory, name) for name in PLACES_OF_PASSWORD}
    has_password = bool(directory.bind_password)
    plain = {name: value for name, value in values.items() if name != "bind_password"}
    for name, value in plain.items():
        setattr(directory, name, value)
    directory.domain = directory.domain.strip().casefold()
    password = values.get("bind_password")
    moved = any(before[name] != getattr(directory, name) for name in PLACES_OF_PASSWORD)
    errors = list(_errors(directory, has_password=has_password, password=password, moved=moved))
    if errors:
        raise DirectoryInvalid(errors=errors)
    _require_free(directory)
    with transaction.atomic():
        directory.save()
        if password is not None:
            sealing.put(directory, "bind_password", password)
            directory.save(update_fields=["bind_password"])
        trail.record(
            actor=actor,
            action=f"directory.{verb}",
            target=directory,
            detail={"fields": sorted(values)},
            now=now,
        )
    return directory


def _errors(
    directory: Directory, *, has_password: bool, password: str | None, moved: bool
) -> Iterator[FieldError]:
    try:
        directory.clean_fields(exclude=["namespace", "bind_password"])
    except ValidationError as error:
        for field, problems in error.message_dict.items():
            yield FieldError(f"/{field}", "invalid", " ".join(problems))
    yield from _url_errors(directory)
    yield from _template_errors(directory)
    yield from _certificate_errors(directory)
    will_have = bool(password) or (has_password and password is None)
    if directory.bind_dn and not will_have:
        yield FieldError("/bind_password", "required", "A bind DN needs its password.")
    elif has_password and password is None and moved and directory.bind_dn:
        detail = "Give the bind password again: it would be sent to another place or otherwise."
        yield FieldError("/bind_password", "required", detail)


def _url_errors(directory: Directory) -> Iterator[FieldError]:
    if not directory.urls or len(directory.urls) > MOST_URLS:
        yield FieldError("/urls", "invalid", f"Give one to {MOST_URLS} addresses.")
    scheme = "ldaps" if directory.tls == TLSMode.LDAPS else "ldap"
    for number, url in enumerate(directory.urls):
        if not _is_url(url, scheme):
            detail = f"Write {scheme}://host or {scheme}://host:port, to go with the TLS setting."
            yield FieldError(f"/urls/{number}", "invalid", detail)


def _is_url(url: str, scheme: str) -> bool:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return False
    rest = split.path.strip("/") or split.query or split.fragment
    plain = split.scheme == scheme and bool(split.hostname) and not rest and port != 0
    return plain and "@" not in split.netloc and not login_names.has_control_characters(url)


def _template_errors(directory: Directory) -> Iterator[FieldError]:
    for name in FILTERS:
        text = getattr(directory, name)
        if text and not (_is_balanced(text) and PLACE.search(text)):
            detail = "Write an LDAP filter in parentheses that holds {0}."
            yield FieldError(f"/{name}", "invalid", detail)
    for number, pattern in enumerate(directory.user_dn_patterns):
        if pattern.count("%s") != 1 or "=" not in pattern:
            detail = "Write a DN with %s where the name goes."
            yield FieldError(f"/user_dn_patterns/{number}", "invalid", detail)


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0 and text.startswith("(") and text.endswith(")")


def _certificate_errors(directory: Directory) -> Iterator[FieldError]:
    if directory.ca_certificates.strip():
        try:
            x509.load_pem_x509_certificates(directory.ca_certificates.encode())
        except ValueError:
            yield FieldError("/ca_certificates", "invalid", "Give certificates as PEM.")


def _require_free(directory: Directory) -> None:
    others = Directory.objects.exclude(pk=directory.pk)
    if others.filter(name=directory.name).exists():
        raise DirectoryNameTaken(name=directory.name)
    if not directory.domain:
        return
    if not domain_is_granted(directory.domain):
        raise DirectoryDomainNotGranted(domain=directory.domain)
    owner = crossings.namespace_of_domain(directory.domain)
    elsewhere = owner is not None and owner != current_namespace_id()
    if elsewhere or others.filter(domain=directory.domain).exists():
        raise DirectoryDomainTaken(domain=directory.domain)
