"""A client of an S3 store: whose credentials, which address, how long it waits.

An address that an administrator typed is reached as governance/egress reaches one: by https, on
the allowed ports, at an address that was checked when the connection is made. AWS's own endpoints
and those that the operator named are reached as they are.
"""

import json
import os
import secrets
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

import boto3
from botocore.awsrequest import AWSHTTPSConnection, AWSHTTPSConnectionPool
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import NewConnectionError

from governance.egress import client as egress
from governance.kernel.personal import Personal
from governance.kernel.refusals import FieldError
from purge.adapters.s3 import refusals
from purge.domain.s3_places import S3Place
from purge.ports import LayerInvalid

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 120, 4
CONNECTIONS = 16
AT_ONCE = 1 << 20
PATIENT_ATTEMPTS = 9
"""Of a request that the store asked to be slower with: for half a minute and more."""
KEYS = ("access_key_id", "secret_access_key", "session_token")


def client(*, place: S3Place, credentials: Personal[str] | None, is_guarded: bool) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client for that place, made once in a process. Without credentials: the instance's."""
    secrets = (None, None, None) if credentials is None else keys_in(credentials)
    return _client(
        place.region or "us-east-1",
        place.endpoint_url,
        place.addressing_style,
        Personal(secrets),
        (is_guarded, place.requester_pays),
        os.getpid(),  # Connections are not shared over a fork.
    )


def keys_in(credentials: Personal[str]) -> tuple[str, str, str | None]:
    """Access key, secret key and session token from their JSON. Raises LayerInvalid."""
    why = 'give {"access_key_id": "…", "secret_access_key": "…"} and, if any, a "session_token"'
    try:
        values = json.loads(credentials.reveal())
    except ValueError:
        values = None
    if (
        not isinstance(values, dict)
        or set(values) - set(KEYS)
        or not all(isinstance(one, str) and one for one in values.values())
        or not set(KEYS[:2]) <= set(values)
    ):
        raise LayerInvalid(why=why, errors=[FieldError("/credentials", "invalid", why)])
    return values[KEYS[0]], values[KEYS[1]], values.get(KEYS[2])


@lru_cache(maxsize=64)
def _client(
    region: str,
    endpoint_url: str | None,
    addressing_style: str,
    secrets: Personal[tuple[str | None, str | None, str | None]],
    ways: tuple[bool, bool],
    _process: int,
) -> Any:  # noqa: ANN401
    is_guarded, requester_pays = ways
    access_key, secret_key, token = secrets.reveal()
    made = boto3.session.Session(
        aws_access_key_id=access_key, aws_secret_access_key=secret_key, aws_session_token=token
    ).client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            user_agent="Lakewarden",  # botocore's own is put together anew for each request.
            s3={"addressing_style": addressing_style},
            # Other stores know no trailing checksums; parts carry a Content-MD5 instead.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
            proxies={} if is_guarded else None,
        ),
    )
    made.meta.events.register_last("needs-retry.s3", _patience)
    made.meta.events.register("request-created.s3.PutObject", _send_at_once)
    if requester_pays:
        made.meta.events.register("before-sign.s3", _pay)
    if is_guarded:
        _guard(made)
    return made


def _patience(response: tuple[Any, Any] | None, attempts: int, **_: object) -> float | None:
    """Seconds until a throttled request is tried again, where botocore would give it up.

    Many at once are throttled together, and a store that makes room takes its time
    (docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
    """
    parsed = {} if response is None else response[1]
    code = str(parsed.get("Error", {}).get("Code", ""))
    if code not in refusals.THROTTLED or attempts >= PATIENT_ATTEMPTS:
        return None
    return secrets.SystemRandom().uniform(0.5, 1) * 2.0 ** (attempts - ATTEMPTS)


def _send_at_once(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """A few bytes go with their request: to ask first whether they are wanted is a trip more."""
    body = request.data
    if isinstance(body, BytesIO) and body.getbuffer().nbytes <= AT_ONCE:
        del request.headers["Expect"]


def _pay(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Whoever asks pays (docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html).

    The store refuses those who do not say that they know.
    """
    request.headers["x-amz-request-payer"] = "requester"


class _CheckedConnection(AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
    """Connects to the address that was checked, and verifies the name's certificate."""

    def _new_conn(self) -> Any:  # noqa: ANN401
        try:
            self._dns_host = egress.checked_address(
                self.host, self.port, bounds=egress.default_bounds()
            )
        except egress.AddressUnreachable as error:
            raise NewConnectionError(cast(Any, self), "not reachable") from error
        return super()._new_conn()


class _CheckedPool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _CheckedConnection


def _guard(made: Any) -> None:  # noqa: ANN401
    """Send this client's requests over checked connections alone, by https, without a proxy."""
    session = URLLib3Session(
        timeout=(CONNECT_SECONDS, READ_SECONDS), max_pool_connections=CONNECTIONS
    )
    session._manager.pool_classes_by_scheme = {"https": _CheckedPool}  # noqa: SLF001 - its only way
    # A handler that answers keeps botocore from sending the request itself.
    made.meta.events.register("before-send.s3", lambda request, **_: session.send(request))
