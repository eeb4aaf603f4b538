"""What SCIM says of people, for the doors beside single sign-on."""

from collections.abc import Collection

from federation.models import ScimUser


def is_shut_out(*, login: str) -> bool:
    """Whether a SCIM client of this namespace deactivated the person of this login (`user@domain`).

    The name only ever shuts a door, so that a namesake gains nothing by it; and only a provider
    that may shut these doors does, so that a partner's client cannot name the company's people.
    """
    return bool(shut_out(logins=[login]))


def shut_out(*, logins: Collection[str]) -> frozenset[str]:
    """Those of the logins that `is_shut_out` is true of."""
    by_key = {login.casefold(): login for login in logins}
    rows = ScimUser.objects.filter(
        key__in=by_key, active=False, identity_provider__scim_shuts_directories=True
    )
    return frozenset(by_key[key] for key in rows.values_list("key", flat=True))
