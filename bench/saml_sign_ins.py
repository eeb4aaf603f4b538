"""One identity provider of a measured installation, and browsers that sign in through it."""

import http.client
import json
import uuid
import zlib
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from lxml import etree

from bench.services import Client, Installation
from tests.fakes.idp import Response, a_response
from tests.fakes.idp_metadata import metadata_xml

NAME = "AzureActiveDirectory"
ROLE_RULES = {"QuickSight-Admin": "admin", "QuickSight-Author": "author"}


@dataclass(slots=True)
class Provider:
    """Its addresses at the service, and the only connection to it."""

    connection: http.client.HTTPConnection
    public_url: str

    @property
    def base(self) -> str:
        return f"/saml/default/{NAME}"

    def begun(self) -> tuple[str, str]:
        """Begin a sign-in: the request's id, and the browser's cookie."""
        self.connection.request("GET", f"{self.base}/login/")
        answer = self.connection.getresponse()
        answer.read()
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        request = zlib.decompress(b64decode(query["SAMLRequest"][0]), -zlib.MAX_WBITS)
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return etree.fromstring(request).get("ID", ""), cookie

    def answered(self, request_id: str, *, person: str) -> str:
        """The body that the browser posts for a person; signing it is the provider's work."""
        own = f"{self.public_url}{self.base}"
        response = Response(
            now=datetime.now(UTC).replace(microsecond=0),  # noqa: TID251 - the service reads it too
            assertion_id=f"_{uuid.uuid4().hex}",
            response_id=f"_{uuid.uuid4().hex}",
            name_id=f"{person}@customer.example",
            destination=f"{own}/acs/",
            recipient=f"{own}/acs/",
            audiences=((f"{own}/metadata/",),),
            in_response_to=request_id,
            response_in_response_to=request_id,
        )
        return urlencode({"SAMLResponse": a_response(response), "RelayState": "/"})

    def post(self, body: str, *, cookie: str) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        self.connection.request("POST", f"{self.base}/acs/", body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != HTTPStatus.FOUND:
            message = f"{answer.status}: {content[:500]!r}"
            raise RuntimeError(message)


def provider(made: Installation, *, client: Client) -> Provider:
    """Connected as an administrator does it, with two roles by group and a name by mail."""
    scopes = "federation:read,federation:write"
    token = made.manage("create_token", "bench", "--namespace=default", f"--scopes={scopes}")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def add(resource: str, values: dict[str, object]) -> dict[str, object]:
        path = f"/api/v1/namespaces/default/{resource}/"
        client.connection.request("POST", path, json.dumps(values), headers)
        answer = client.connection.getresponse()
        content: dict[str, object] = json.loads(answer.read())
        if answer.status != HTTPStatus.CREATED:
            raise RuntimeError(content)
        return content

    row = add("identity-providers", {"name": NAME, "metadata_xml": metadata_xml(), "enabled": True})
    arn = str(row["arn"])
    account = arn.split(":")[4]
    for group, role in ROLE_RULES.items():
        value = f"arn:aws:iam::{account}:role/{role},{arn}"
        add("claim-rules", _rule(row, claim="Role", groups=[group], value=value))
    prefix = {"function": "ExtractMailPrefix", "parameters": ["user.userprincipalname"]}
    add(
        "claim-rules",
        _rule(row, claim="RoleSessionName", source="transformation", transformations=[prefix]),
    )
    sp = row["sp"]
    address = urlsplit(str(sp["acs_url"]) if isinstance(sp, dict) else "")
    return Provider(client.connection, f"{address.scheme}://{address.netloc}")


def _rule(row: dict[str, object], **values: object) -> dict[str, object]:
    return {"identity_provider": row["id"], **values}


def processor_seconds(process: int) -> float:
    """What a process and its children have used of the processors so far, as Linux counts it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / 100
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own + sum(processor_seconds(int(child)) for child in children)
