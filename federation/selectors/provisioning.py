"""What SCIM says of people, for the doors beside single sign-on."""

from federation.models import ScimUser


def is_shut_out(*, login: str) -> bool:
    """Whether a SCIM client of this namespace deactivated the person of this login (`user@domain`).

    The name only ever shuts a door, so that a namesake gains nothing by it; and only a provider
    that may shut these doors does, so that a partner's client cannot name the company's people.
    """
    return ScimUser.objects.filter(
        key=login.casefold(), active=False, identity_provider__scim_shuts_directories=True
    ).exists()
