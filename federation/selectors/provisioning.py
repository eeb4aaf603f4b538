"""What SCIM says of people, for the doors beside single sign-on."""

from federation.models import ScimUser


def is_shut_out(*, login: str) -> bool:
    """Whether a SCIM client of this namespace deactivated the person of this login (`user@domain`).

    The name only ever shuts a door, so that a namesake gains nothing by it.
    """
    return ScimUser.objects.filter(key=login.casefold(), active=False).exists()
