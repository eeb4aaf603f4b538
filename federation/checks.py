"""What Django's system check says about sign-ins before anybody tries one."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning as CheckWarning

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def identity_providers_reach_us_by_https(**_options: object) -> Sequence[CheckMessage]:
    """Browsers keep our cookie on a provider's cross-site POST over https alone."""
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme == "https" or parts.hostname in LOCAL_HOSTS:
        return []
    return [
        CheckWarning(
            "Single sign-on does not work over plain http: the browser drops the cookie that "
            "binds a sign-in to it.",
            hint="Serve https and set PUBLIC_URL to it.",
            id="federation.W001",
        )
    ]
