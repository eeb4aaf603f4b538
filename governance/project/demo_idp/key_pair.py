"""The demo identity provider's key: made once in DATA_DIR, readable by its owner alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from governance.project.embedded.folders import PRIVATE_FOLDER, write_private

LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class KeyPair:
    private_pem: bytes
    certificate_pem: str

    @property
    def certificate_base64(self) -> str:
        lines = self.certificate_pem.strip().splitlines()
        return "".join(line for line in lines if not line.startswith("-----"))


def kept(*, folder: Path, now: datetime) -> KeyPair:
    """The key pair of this installation, made anew where there is none or it has run out.

    Both stand in one file, so that two processes that make one at once leave a matching pair.
    """
    path = folder / "demo-idp.pem"
    if path.exists():
        text = path.read_text()
        start = text.index("-----BEGIN CERTIFICATE-----")
        certificate = x509.load_pem_x509_certificate(text[start:].encode())
        if certificate.not_valid_after_utc > now:
            return KeyPair(text[:start].encode(), text[start:])
    made = _made(now=now)
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    write_private(path, made.private_pem.decode() + made.certificate_pem)
    return made


def _made(*, now: datetime) -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lakewarden demo IdP")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFE)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(private, certificate.public_bytes(serialization.Encoding.PEM).decode())
