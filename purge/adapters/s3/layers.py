"""An S3 layer from what an administrator typed, within what the operator allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.egress import client as egress
from governance.kernel.refusals import FieldError
from purge.adapters.s3 import client as s3_client
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain import s3_places
from purge.domain.s3_places import PlaceWrongError, S3Place
from purge.ports import LayerDescription, LayerInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The operator's word: endpoints beside public ones, and where we lend our credentials."""

    endpoints: Sequence[str] = ()
    roots: Sequence[str] = ()


def layer(
    described: LayerDescription,
    *,
    endpoints: Sequence[str],
    roots: Sequence[str],
    clock: Callable[[], datetime],
) -> S3StorageLayer:
    """Raises LayerInvalid, with the field that is wrong."""
    allowed = Allowed(endpoints=endpoints, roots=roots)
    try:
        place = s3_places.place(described.options)
    except PlaceWrongError as error:
        raise _wrong(error.option, str(error)) from error
    is_guarded = _is_guarded(place, allowed)
    if described.credentials is None:
        _check_shared(place, described.namespace_name, allowed, is_guarded=is_guarded)
    client = s3_client.client(place=place, credentials=described.credentials, is_guarded=is_guarded)
    return S3StorageLayer(client=client, bucket=place.bucket, path=place.path, clock=clock)


def _is_guarded(place: S3Place, allowed: Allowed) -> bool:
    """Whether somebody typed the address. AWS's own and the operator's are reached as they are."""
    url = place.endpoint_url
    if url is None or url in {one.rstrip("/") for one in allowed.endpoints}:
        return False
    try:
        parts = egress.check(url, bounds=egress.default_bounds())
    except egress.AddressNotAllowed as error:
        raise _wrong(
            "endpoint_url",
            "give an https:// address of a public host, or one that S3_ENDPOINTS allows",
        ) from error
    if parts.path or parts.query or parts.fragment:
        raise _wrong("endpoint_url", "give an address without a path")
    return True


def _check_shared(
    place: S3Place, namespace_name: str, allowed: Allowed, *, is_guarded: bool
) -> None:
    """The instance's credentials stay below S3_ROOTS, in the namespace's own part."""
    if is_guarded:
        raise _wrong("endpoint_url", "give credentials with an address that S3_ENDPOINTS lacks")
    if not s3_places.is_shared_with(place, roots=allowed.roots, namespace_name=namespace_name):
        raise _wrong(
            "path",
            "give credentials, or a path in the namespace's part of S3_ROOTS",
        )


def _wrong(option: str, why: str) -> LayerInvalid:
    return LayerInvalid(why=why, errors=[FieldError(f"/options/{option}", "invalid", why)])
