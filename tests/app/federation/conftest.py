"""The real directory server, started once."""

from tests.servers.slapd_fixture import slapd

__all__ = ["slapd"]
