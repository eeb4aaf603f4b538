"""Standard Webhooks: what a receiver refuses."""

import pytest

from usage_limits.domain import signatures

BODY = b'{"text": "hello"}'
SECRET = "whsec_c2VjcmV0"
NOW = 1_770_000_000


def headers(secret: str = SECRET) -> dict[str, str]:
    return signatures.headers(
        message_id="m-1", timestamp=NOW, body=BODY, secrets=[secret] if secret else []
    )


def is_authentic(given: dict[str, str], *, body: bytes = BODY, now: int = NOW) -> bool:
    return signatures.is_authentic(given=given, body=body, secret=SECRET, now=now)


def test_a_message_as_it_was_sent_is_authentic() -> None:
    assert is_authentic(headers())
    assert is_authentic(
        {**headers(), "webhook-signature": "v1,old " + headers()["webhook-signature"]}
    )


def test_the_published_example_has_the_published_signature() -> None:
    made = signatures.headers(
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "m-2"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
    ],
)
def test_a_swapped_id_time_or_signature_is_refused(changed: dict[str, str]) -> None:
    assert not is_authentic({**headers(), **changed})


def test_an_altered_body_or_an_old_message_is_refused() -> None:
    assert not is_authentic(headers(), body=BODY + b" ")
    assert not is_authentic(headers(), now=NOW + 360)
    assert not is_authentic(headers("another"))
    assert not is_authentic({})


def test_a_secret_that_is_no_base64_is_its_own_key() -> None:
    assert signatures.secret_bytes("whsec_c2VjcmV0") == b"secret"
    assert signatures.secret_bytes("whsec_*") == b"whsec_*"
    assert signatures.secret_bytes("plain") == b"plain"
    assert "webhook-signature" not in headers("")
