"""The program of the pysaml2 identity provider; `pysaml2_idp.py` starts it with FOLDER and PORT."""

import http.server
import json
import ssl
import sys
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server
from saml2.sigver import get_pem_wrapped_unwrapped, make_temp, pre_encryption_part
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class EncryptingServer(Server):  # type: ignore[misc] # pysaml2 has no types
    """pysaml2 with the encryption that the script names; its own default is triple DES."""

    encryption: dict[str, str]

    def _encrypt_assertion(
        self, _cert: str | None, sp_entity_id: str, response: Any, node_xpath: str | None = None
    ) -> Any:
        ((name, certificate),) = self.metadata.certs(sp_entity_id, "any", "encryption")
        wrapped, unwrapped = get_pem_wrapped_unwrapped(certificate)
        file = make_temp(wrapped.encode("ascii"), decode=False)
        template = pre_encryption_part(
            msg_enc=self.encryption["method"], key_name=name, encrypt_cert=unwrapped
        )
        return self.sec.encrypt_assertion(
            response, file.name, template, key_type=self.encryption["key"], node_xpath=node_xpath
        )


@dataclass(frozen=True)
class Script:
    """What a test wants, as it stood when a request came."""

    folder: Path
    port: int
    values: dict[str, Any]

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @cached_property
    def config(self) -> IdPConfig:
        others = [label for label in self.values["published"] if label != self.values["signing"]]
        service = self.folder / "service.xml"
        return IdPConfig().load(
            {
                "entityid": self.metadata_url,
                "service": {
                    "idp": {
                        "endpoints": {
                            "single_sign_on_service": [(f"{self.base}/sso", BINDING_HTTP_REDIRECT)]
                        },
                        "policy": {"default": {"lifetime": {"minutes": 60}}},
                        "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                    }
                },
                "key_file": str(self.folder / f"{self.values['signing']}.key"),
                "cert_file": str(self.folder / f"{self.values['signing']}.crt"),
                "additional_cert_files": [str(self.folder / f"{label}.crt") for label in others],
                "metadata": {"local": [str(service)]} if service.exists() else {},
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "signing_algorithm": SIG_RSA_SHA256,
                "digest_algorithm": DIGEST_SHA256,
            }
        )

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/metadata"

    def answer(self, *, query: dict[str, list[str]], person: str) -> str:
        """The page that posts the response for a person to whoever asked."""
        server = EncryptingServer(config=self.config)
        server.encryption = self.values["encryption"]
        asked = server.parse_authn_request(query["SAMLRequest"][0], BINDING_HTTP_REDIRECT).message
        address = f"{person}@customer.example"
        response = server.create_authn_response(
            {
                f"{CLAIMS}/name": address,
                f"{CLAIMS}/emailaddress": address,
                GROUPS: self.values["people"].get(person, []),
            },
            in_response_to=asked.id,
            destination=asked.assertion_consumer_service_url,
            sp_entity_id=asked.issuer.text,
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=address),
            name_format=NAME_FORMAT_URI,
            authn={"class_ref": PASSWORD},
            sign_assertion=True,
            sign_response=self.values["sign_response"],
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            encrypt_assertion=bool(self.values["encryption"]),
            encrypt_assertion_self_contained=bool(self.values["encryption"]),
        )
        page = server.apply_binding(
            BINDING_HTTP_POST,
            str(response),
            asked.assertion_consumer_service_url,
            query.get("RelayState", [""])[0],
            response=True,
        )
        return str(page["data"])


class Handler(http.server.BaseHTTPRequestHandler):
    folder: Path
    port: int

    def do_GET(self) -> None:
        script = Script(
            self.folder, self.port, json.loads((self.folder / "script.json").read_text())
        )
        parts = urlsplit(self.path)
        if parts.path == "/metadata":
            with (self.folder / "metadata.log").open("a") as log:
                log.write("asked\n")
            body = str(entity_descriptor(script.config))
        else:
            person = SimpleCookie(self.headers.get("Cookie", ""))["person"].value
            body = script.answer(query=parse_qs(parts.query), person=person)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def main(folder: Path, port: int) -> None:
    Handler.folder, Handler.port = folder, port
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
