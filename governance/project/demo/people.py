"""The demo's local people: who asks for an erasure, and who decides on it."""

import secrets
from datetime import datetime

from governance.isolation import crossings
from governance.kernel.actors import Actor
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.domain.presets import Preset
from governance.tenancy.models import Role, User
from governance.tenancy.services import users

IVAN = LocalPerson(login_name="ivan", email="ivan@customer.example", display_name="Ivan (IT admin)")
OLGA = LocalPerson(
    login_name="olga", email="olga@customer.example", display_name="Olga (compliance officer)"
)


def make(*, actor: Actor, now: datetime) -> list[str]:
    """The people who are not there yet; a line for each with the password, shown once."""
    notes = []
    for person, preset in ((IVAN, Preset.ADMIN), (OLGA, Preset.OFFICER)):
        if crossings.local_user_of_login_name(person.login_name) is not None:
            continue
        password = secrets.token_urlsafe(12)
        users.create_local(
            person=person,
            password=password,
            roles=[Role.objects.get(name=preset.value)],
            actor=actor,
            now=now,
        )
        notes.append(f"{person.display_name:<25} {person.login_name:<6} password  {password}")
    return notes


def ivan() -> User:
    return User.objects.get(login_name=IVAN.login_name)
