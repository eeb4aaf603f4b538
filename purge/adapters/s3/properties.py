"""What an S3 object carries beside its bytes, said again for its next version.

Copied: user metadata, tags, the content and cache headers, the redirect of a website, storage
class, encryption and its key, and grants beyond the owner's. Writing an object copies none of
them by itself. Locks are not copied: a locked version is not rewritten.

What need not be asked for each object is not: grants, where the bucket's setting leaves them
without effect (docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html), and
tags, where the store tells how many an object has and told none.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from purge.adapters.s3 import refusals
from purge.adapters.s3.bucket import Bucket, Look
from purge.ports import ObjectUnreachable

COPIED = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "ServerSideEncryption",
    "SSEKMSKeyId",
    "BucketKeyEnabled",
    "StorageClass",
    "WebsiteRedirectLocation",
)
COUNTS_TAGS = ("AmazonS3", "SeaweedFS")
"""Stores, as they name themselves, that say in an answer how many tags the object has.

They say so only to whom they would list them, so one listing must have been answered before
(docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, x-amz-tagging-count).
"""
NOT_SET = frozenset({"NoSuchTagSet", "NoSuchTagSetError", "NotImplemented", "501"})
OWNERS_ONLY = "BucketOwnerEnforced"
GRANTS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}


def copied(bucket: Bucket, key: str, look: Look) -> dict[str, Any]:
    """Parameters of a writing request that make the next version carry what this one does.

    Raises ObjectUnreachable where something is there that could not be copied.
    """
    head = look.head
    if head.get("MissingMeta"):
        raise ObjectUnreachable(reason="s3_metadata_unreadable")
    if head.get("SSECustomerAlgorithm"):
        raise ObjectUnreachable(reason="s3_customer_key")
    if head.get("ExpiresString") and not head.get("Expires"):
        raise ObjectUnreachable(reason="s3_expires_unreadable")
    wanted = {name: head[name] for name in COPIED if head.get(name)}
    if not _has_no_tags(bucket, look):
        labels = tags(bucket, key, look)
        bucket.known().reads_tags = True
        if labels:
            wanted["Tagging"] = urlencode(labels)
    return wanted | (_grants(bucket, key, look) if _may_have_grants(bucket) else {})


def _has_no_tags(bucket: Bucket, look: Look) -> bool:
    if look.head.get("TagCount") or not bucket.known().reads_tags:
        return False
    headers = look.head.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("server", "")).startswith(COUNTS_TAGS)


def _may_have_grants(bucket: Bucket) -> bool:
    """Unless the bucket's setting says that all belongs to its owner. Asked once in a while."""
    known = bucket.known()
    if known.has_grants is None:
        try:
            answer = bucket.client.get_bucket_ownership_controls(Bucket=bucket.name)
        except ClientError:
            answer = {}  # Not set, not known there, or not for us to know.
        rules = answer.get("OwnershipControls", {}).get("Rules", [])
        known.has_grants = all(one.get("ObjectOwnership") != OWNERS_ONLY for one in rules)
    return known.has_grants


def tags(bucket: Bucket, key: str, look: Look) -> dict[str, str]:
    try:
        answer = bucket.client.get_object_tagging(**bucket.at(key), **_version(look))
    except ClientError as error:
        if refusals.code_of(error) in NOT_SET:
            return {}
        raise
    return {one["Key"]: one["Value"] for one in answer.get("TagSet", [])}


def _grants(bucket: Bucket, key: str, look: Look) -> dict[str, str]:
    try:
        answer = bucket.client.get_object_acl(**bucket.at(key), **_version(look))
    except ClientError as error:
        if refusals.code_of(error) in NOT_SET:
            return {}
        raise
    return as_parameters(answer.get("Owner", {}), answer.get("Grants", []))


def as_parameters(owner: Mapping[str, Any], grants: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Grants as parameters of a new object; none where the owner alone has what owners have.

    A bucket without access lists refuses any grant, and its objects have only that one.
    """
    named: dict[str, list[str]] = {}
    for one in grants:
        named.setdefault(GRANTS[one["Permission"]], []).append(_grantee(one["Grantee"]))
    only_owner = {GRANTS["FULL_CONTROL"]: [f'id="{owner.get("ID")}"']}
    return {} if named in ({}, only_owner) else {key: ",".join(all_) for key, all_ in named.items()}


def _grantee(grantee: Mapping[str, Any]) -> str:
    if grantee.get("ID"):
        return f'id="{grantee["ID"]}"'
    if grantee.get("URI"):
        return f'uri="{grantee["URI"]}"'
    return f'emailAddress="{grantee.get("EmailAddress", "")}"'


def _version(look: Look) -> dict[str, str]:
    return {"VersionId": look.version_id} if look.version_id else {}
