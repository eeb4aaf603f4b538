"""What the IT admins of a namespace are mailed about its sign-ins, through the outbox."""

from collections.abc import Mapping

from federation.selectors import administrators
from governance.outbox.services import messages


def tell_admins(*, template: str, context: Mapping[str, object], key: str) -> int:
    """One email to each IT admin who has an address. The same key is written once."""
    told = 0
    for user in administrators.it_admins():
        if user.email:
            messages.enqueue_email(
                template=template,
                to_user_id=user.pk,
                context=context,
                key=f"{key}:{user.pk}",
            )
            told += 1
    return told


def break_glass_used(*, login_name: str, network: str, key: str) -> None:
    context = {"login_name": login_name, "network": network}
    tell_admins(template="federation/email/break_glass_used", context=context, key=key)


def access_recovered(*, was_enforced: bool, login_name: str, key: str) -> None:
    context = {"was_enforced": was_enforced, "login_name": login_name}
    tell_admins(template="federation/email/access_recovered", context=context, key=key)
