"""Metadata by URL, over the guarded way out: checked and pinned addresses, https, bounds."""

from http import HTTPStatus

from federation.domain.metadata import MetadataNotXML
from governance.egress import client
from governance.egress.client import AddressUnreachable


class EgressMetadataFetcher:
    """The port's implementation."""

    def fetched(self, *, url: str) -> str:
        answer = client.request(method="GET", url=url, bounds=client.default_bounds())
        if answer.status != HTTPStatus.OK:
            raise AddressUnreachable
        try:
            return answer.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MetadataNotXML from error
