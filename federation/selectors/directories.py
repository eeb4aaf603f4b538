"""Reads of directories."""

from federation.domain import hive_site as hive
from federation.domain.directories import MappingKind
from federation.domain.hive_site import Document, NamedMapping
from federation.models import Directory


def hive_site(directory: Directory, *, emr: bool) -> Document:
    """The directory as HiveServer2's settings, or as EMR's with its role mappings."""
    settings = directory.settings_without_secret()
    if not emr:
        return hive.as_xml(settings)
    rows = directory.mappings.select_related("role__namespace").order_by("position", "id")
    mappings = [
        NamedMapping(
            kind=MappingKind(row.kind),
            identifiers=tuple(row.identifiers),
            role_arn=row.role.arn,
        )
        for row in rows
    ]
    return hive.as_emr(settings, mappings)
