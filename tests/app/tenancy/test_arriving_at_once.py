"""The same new person by several doors at the same moment is one person."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import Identity, RoleBinding, User, UserSource
from governance.tenancy.services import actors, users
from tests.factories import tenancy

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6


def test_a_new_person_who_arrives_several_times_at_once_is_made_once() -> None:
    namespace = tenancy.a_namespace("acme")
    person = ProvidedPerson(
        source=UserSource.SAML, provider_id=uuid4(), subject="uma@customer.example", username="uma"
    )
    barrier = threading.Barrier(AT_ONCE)

    def arrive(_: int) -> UUID:
        try:
            with namespace_scope(namespace.pk):
                role = tenancy.the_role("author")
                barrier.wait()
                user = users.provision(
                    person=person, roles=[role], actor=actors.system(), now=timezone.now()
                )
                return user.pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = set(pool.map(arrive, range(AT_ONCE)))

    with namespace_scope(namespace.pk):
        assert {identity.user_id for identity in Identity.objects.all()} == made
        assert User.objects.filter(source=UserSource.SAML).count() == 1
        assert RoleBinding.objects.filter(user_id__in=made).count() == 1
