"""SimpleSAMLphp from Debian as an independent identity provider, under PHP's own web server.

It knows four people: joe (group QuickSight-Admin), ann (Author), bob (Reader) and nil (none).
`set_groups` moves somebody, as an administrator of the directory would.
"""

import http.client
import json
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from governance.project.embedded import children
from tests.servers.certificates import A_LIFE, LONG_AGO

WWW = Path("/usr/share/simplesamlphp/www")
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
PEOPLE = {
    "joe": ["QuickSight-Admin"],
    "ann": ["QuickSight-Author"],
    "bob": ["QuickSight-Reader"],
    "nil": [],
}

CONFIG = """<?php
$config = [
 'baseurlpath' => '%(base)s/',
 'certdir' => '%(dir)s/cert/', 'loggingdir' => '%(dir)s/log/', 'datadir' => '%(dir)s/data/',
 'tempdir' => '%(dir)s/tmp', 'metadatadir' => '%(dir)s/metadata/',
 'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
 'secretsalt' => '%(salt)s', 'auth.adminpassword' => '%(salt)s', 'timezone' => 'UTC',
 'technicalcontact_name' => 't', 'technicalcontact_email' => 'na@customer.example',
 'logging.level' => SimpleSAML\\Logger::INFO, 'logging.handler' => 'file',
 'logging.logfile' => 'ssp.log', 'showerrors' => true, 'errorreporting' => false,
 'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => false],
 'enable.saml20-idp' => true,
 'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
 'session.cookie.name' => 'SSPSID', 'session.cookie.secure' => false,
 'session.cookie.samesite' => null, 'language.cookie.secure' => false,
 'language.cookie.samesite' => null, 'session.phpsession.cookiename' => 'SSP',
 'session.phpsession.httponly' => true,
 'store.type' => 'sql', 'store.sql.dsn' => 'sqlite:%(dir)s/data/store.sqlite',
 'store.sql.prefix' => 'ssp',
 'language.available' => ['en'], 'language.default' => 'en', 'theme.use' => 'default',
 'production' => true, 'session.duration' => 28800, 'session.datastore.timeout' => 14400,
 'session.state.timeout' => 3600, 'trusted.url.domains' => null,
 'authproc.idp' => [], 'authproc.sp' => [], 'metadata.sources' => [['type' => 'flatfile']],
];
"""
AUTH_SOURCES = """<?php
$people = json_decode(file_get_contents('%(dir)s/people.json'), true);
$known = ['exampleauth:UserPass'];
foreach ($people as $name => $groups) {
  $known["$name:{$name}pass"] = ['uid' => [$name],
    '%(claims)s/emailaddress' => ["$name@customer.example"],
    '%(claims)s/name' => ["$name@customer.example"],
    '%(claims)s/givenname' => [ucfirst($name)], '%(groups)s' => $groups];
}
$config = ['admin' => ['core:AdminPassword'], 'example-userpass' => $known];
"""
HOSTED = """<?php
$metadata['%(base)s/idp'] = ['host' => '__DEFAULT__', 'privatekey' => 'idp.key',
 'certificate' => 'idp.crt', 'auth' => 'example-userpass',
 'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
 'saml20.sign.response' => true, 'saml20.sign.assertion' => true, 'sign.logout' => true,
 'redirect.sign' => true,
 'SingleSignOnServiceBinding' => ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
   'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'],
 'authproc' => [3 => ['class' => 'saml:AttributeNameID',
   'attribute' => '%(claims)s/emailaddress',
   'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress']]];
"""
REMOTE = """<?php
foreach (json_decode(file_get_contents('%(dir)s/services.json'), true) as $name => $acs) {
  if (is_array($acs)) {
    $parsed = \\SimpleSAML\\Metadata\\SAMLParser::parseString($acs['metadata']);
    $metadata[$name] = $acs['options'] + $parsed->getMetadata20SP();
    continue;
  }
  $metadata[$name] = ['AssertionConsumerService' => [['index' => 0, 'isDefault' => true,
     'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', 'Location' => $acs]],
   'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
   'simplesaml.attributes' => true, 'validate.authnrequest' => false];
}
"""


@dataclass(frozen=True)
class SimpleSAMLphp:
    """A running identity provider. `folder` holds what it reads anew on every request."""

    base: str
    folder: Path

    @property
    def entity_id(self) -> str:
        return f"{self.base}/idp"

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/saml2/idp/metadata.php"

    @property
    def sso_url(self) -> str:
        return f"{self.base}/saml2/idp/SSOService.php"

    def know_service(self, *, entity_id: str, acs_url: str) -> None:
        path = self.folder / "services.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {entity_id: acs_url}))

    def import_service(self, *, entity_id: str, metadata: str, **options: object) -> None:
        """Read the service's own metadata, as an administrator does by importing it."""
        path = self.folder / "services.json"
        known = {"metadata": metadata, "options": options | {"simplesaml.attributes": True}}
        path.write_text(json.dumps(json.loads(path.read_text()) | {entity_id: known}))

    def set_groups(self, name: str, groups: Sequence[str]) -> None:
        path = self.folder / "people.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: list(groups)}))


def is_installed() -> bool:
    return WWW.is_dir() and shutil.which("php") is not None


@contextmanager
def running() -> Iterator[SimpleSAMLphp]:
    """An identity provider for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="lakewarden-ssp-") as name:
        folder, port = Path(name), _free_port()
        server = SimpleSAMLphp(base=f"http://127.0.0.1:{port}", folder=folder)
        _write(server)
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            ["php", "-q", "-S", f"127.0.0.1:{port}", "-t", str(WWW)],  # noqa: S607 - Debian's
            env={
                "SIMPLESAMLPHP_CONFIG_DIR": str(folder / "config"),
                "PATH": "/usr/bin:/bin",
                "PHP_CLI_SERVER_WORKERS": "2",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            _wait(server, process)
            yield server
        finally:
            # PHP's own workers outlive their parent: the whole group ends.
            children.stop(process, by=signal.SIGTERM, patience_seconds=10)


def _write(server: SimpleSAMLphp) -> None:
    folder = server.folder
    for part in ("config", "metadata", "cert", "log", "data", "tmp"):
        (folder / part).mkdir()
    values = {
        "base": server.base,
        "dir": str(folder),
        "salt": secrets.token_hex(16),
        "claims": CLAIMS,
        "groups": GROUPS,
    }
    (folder / "people.json").write_text(json.dumps(PEOPLE))
    (folder / "services.json").write_text("{}")
    (folder / "config" / "config.php").write_text(CONFIG % values)
    (folder / "config" / "authsources.php").write_text(AUTH_SOURCES % values)
    (folder / "metadata" / "saml20-idp-hosted.php").write_text(HOSTED % values)
    (folder / "metadata" / "saml20-sp-remote.php").write_text(REMOTE % values)
    _write_key(folder / "cert")


def _write_key(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ssp-idp.customer.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(LONG_AGO + A_LIFE)
        .sign(key, hashes.SHA256())
    )
    (folder / "idp.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "idp.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: SimpleSAMLphp, process: subprocess.Popen[bytes]) -> None:
    host = server.base.removeprefix("http://")
    for _ in range(100):
        if process.poll() is not None:
            message = f"php ended with {process.returncode}"
            raise RuntimeError(message)
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request("GET", "/saml2/idp/metadata.php")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    message = "SimpleSAMLphp did not answer with its metadata."
    raise RuntimeError(message)
