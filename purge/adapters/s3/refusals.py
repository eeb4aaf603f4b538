"""What an S3 store refuses, as codes that `purge/domain/reasons.py` has sentences for.

Only the code of an answer is looked at: its text is the store's, may name keys, and could be
anything where somebody typed the address.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from purge.ports import ObjectChanged, ObjectUnreachable

GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound", "MethodNotAllowed", "405"})
CHANGED = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
NO_UPLOAD = frozenset({"NoSuchUpload"})
NOT_KNOWN = frozenset({"NotImplemented", "501"})
THROTTLED = frozenset(
    {
        *("SlowDown", "RequestLimitExceeded", "Throttling", "ThrottlingException"),
        *("TooManyRequests", "429", "503"),
    }
)
REASONS: Mapping[str, str] = {
    "NoSuchBucket": "s3_no_such_bucket",
    "AccessDenied": "s3_access_denied",
    "403": "s3_access_denied",
    "AllAccessDisabled": "s3_access_denied",
    "InvalidAccessKeyId": "s3_credentials_refused",
    "SignatureDoesNotMatch": "s3_credentials_refused",
    "ExpiredToken": "s3_credentials_refused",
    "InvalidToken": "s3_credentials_refused",
    "TokenRefreshRequired": "s3_credentials_refused",
    "RequestTimeTooSkewed": "s3_clock_differs",
    "RequestExpired": "s3_clock_differs",
    "InvalidObjectState": "s3_archived",
    **dict.fromkeys(THROTTLED, "s3_throttled"),
    "PermanentRedirect": "s3_wrong_region",
    "301": "s3_wrong_region",
    "AuthorizationHeaderMalformed": "s3_wrong_region",
    "IllegalLocationConstraintException": "s3_wrong_region",
    "KMS.DisabledException": "s3_key_unusable",
    "KMS.NotFoundException": "s3_key_unusable",
    "KMS.KMSInvalidStateException": "s3_key_unusable",
    "EntityTooSmall": "s3_parts_refused",
    "EntityTooLarge": "s3_parts_refused",
    "InvalidPart": "s3_parts_refused",
    "InvalidPartOrder": "s3_parts_refused",
    "BadDigest": "s3_parts_refused",
    "NotImplemented": "s3_not_supported",
    "501": "s3_not_supported",
}


@contextmanager
def told() -> Iterator[None]:
    """The store's errors as refusals: ObjectChanged, or ObjectUnreachable with a reason."""
    try:
        yield
    except ClientError as error:
        raise refusal_of(error) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise ObjectUnreachable(reason="s3_no_credentials") from None
    except (BotoCoreError, HTTPError, OSError):
        # One reason for every way not to be there: nobody learns what answers where (T86).
        raise ObjectUnreachable(reason="s3_endpoint_unreachable") from None


def refusal_of(error: ClientError) -> ObjectChanged | ObjectUnreachable:
    code, status = code_of(error), status_of(error)
    if code in CHANGED or code in GONE or code in NO_UPLOAD:
        return ObjectChanged()
    reason = REASONS.get(code) or REASONS.get(str(status))
    if reason is None:
        reason = "s3_failing" if status >= 500 else "s3_refused"  # noqa: PLR2004 - HTTP
    return ObjectUnreachable(reason=reason)


def code_of(error: ClientError) -> str:
    return str(answer_of(error).get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    return int(answer_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def answer_of(error: ClientError) -> Mapping[str, Any]:
    return error.response if isinstance(error.response, dict) else {}
