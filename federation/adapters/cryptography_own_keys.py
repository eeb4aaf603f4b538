"""Key pairs for our side of a federation: RSA of 3072 bits with a certificate of our own."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from federation.domain.saml import Certificate
from federation.ports import OwnKey
from governance.kernel.personal import Personal

KEY_BITS = 3072
LIFE = timedelta(days=3 * 365)
LONGEST_COMMON_NAME = 64


class CryptographyOwnKeyMaker:
    """The port's implementation."""

    def own_key(self, *, common_name: str, now: datetime) -> tuple[OwnKey, Certificate]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, common_name[:LONGEST_COMMON_NAME])]
        )
        start = now.astimezone(UTC).replace(microsecond=0)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + LIFE)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return OwnKey(private_key=Personal(private.decode()), certificate=pem), Certificate(
            pem=pem,
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            subject=name.rfc4514_string(),
            not_before=start,
            not_after=start + LIFE,
        )
