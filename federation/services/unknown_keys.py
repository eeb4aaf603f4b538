"""Whether a refused response is a reason to look for new keys of its provider.

Anybody can post anything, and fetching metadata is work for two sides. So only the answer of a
request that this very browser waits for counts (or one that nobody asked for, where that is
allowed), and not one that comes with a key that was trusted: then something else is wrong. Who
begins a sign-in passes here all the same: `key_searches` bounds what they can cause.
"""

from datetime import datetime

from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider
from federation.ports import ResponseReader
from federation.services import sign_in_requests
from federation.services.key_searches import KeySearch
from federation.services.sign_ins import Posted

# The third: an unknown signer inside an assertion encrypted with CBC is told apart by nobody.
CODES = frozenset(
    {"saml_signature_invalid", "saml_no_trusted_certificate", "saml_assertion_not_opened"}
)


def worth_seeking(  # noqa: PLR0913 - what was refused, and whose it was
    *,
    provider: IdentityProvider,
    refusal: ResponseRefused,
    posted: Posted,
    trusted: frozenset[str],
    network: str,
    reader: ResponseReader,
    now: datetime,
) -> KeySearch | None:
    """`trusted` are the fingerprints that the refused response was held against.

    Not those of this moment: somebody else's search may have found the new key since. `network` is
    the one whose budget a search would be.
    """
    if refusal.code not in CODES or not provider.metadata_url or not provider.enabled:
        return None
    captured = reader.captured(saml_response=posted.saml_response)
    if captured is None:
        return None
    if captured.in_response_to:
        awaited = sign_in_requests.is_open(
            provider=provider, request_id=captured.in_response_to, browser=posted.browser, now=now
        )
    else:
        awaited = provider.allow_idp_initiated
    is_new = not captured.signed_with or bool(set(captured.signed_with) - trusted)
    if not awaited or not is_new:
        return None
    return KeySearch(
        namespace_id=provider.namespace_id,
        provider_id=provider.pk,
        known=trusted,
        network=network,
    )
