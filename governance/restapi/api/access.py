"""Who there is and what they may: users, roles and policies of a namespace."""

import secrets
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.kernel.actions import Action
from governance.restapi.api.serializers import (
    PolicyIn,
    PolicyOut,
    RoleIn,
    RoleOut,
    RoleSimulateIn,
    RoleSimulateOut,
    UserChangeIn,
    UserIn,
    UserMadeOut,
    UserOut,
)
from governance.restapi.filters import ScopedFilterSet
from governance.restapi.views import CreateMixin, DestroyMixin, ReadViewSet, UpdateMixin
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import Policy, Role, User, UserSource
from governance.tenancy.services import policies, roles, users

PASSWORD_BYTES = 18


class UserFilter(ScopedFilterSet):
    username = django_filters.CharFilter()
    email = django_filters.CharFilter(lookup_expr="iexact")
    source = django_filters.ChoiceFilter(choices=UserSource.choices)
    active = django_filters.BooleanFilter(field_name="is_active")
    role = django_filters.CharFilter(field_name="bindings__role__name", distinct=True)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []


class UserViewSet(CreateMixin, UpdateMixin, ReadViewSet):
    """People of the namespace. Most come by their provider; POST makes a local one."""

    model = User
    read_action = Action.READ_USERS
    write_action = Action.MANAGE_USERS
    serializer_class = UserOut
    input_serializer_class = UserIn
    patch_serializer_class = UserChangeIn
    shown_once = frozenset({"one_time_password"})
    filterset_class = UserFilter
    ordering_fields = ("username", "created_at", "last_sign_in_at")

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.prefetch_related("bindings__role", "identities")

    @extend_schema(responses={201: UserMadeOut})
    def create(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401 - DRF's
        return super().create(request, **kwargs)

    def perform_create(self, values: dict[str, Any]) -> User:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        person = LocalPerson(
            login_name=values["username"],
            email=values["email"],
            display_name=values["display_name"],
        )
        user = users.create_local(
            person=person,
            password=password,
            roles=values.get("roles", ()),
            actor=self.actor,
            now=self.now,
        )
        user.one_time_password = password  # type: ignore[attr-defined]  # for this answer alone
        return user

    def rendered_new(self, row: User) -> dict[str, Any]:
        data: dict[str, Any] = UserMadeOut(row).data
        return data

    def perform_update(self, row: User, values: dict[str, Any]) -> User:
        if "email" in values or "display_name" in values:
            users.change(
                user=row,
                email=values.get("email"),
                display_name=values.get("display_name"),
                actor=self.actor,
                now=self.now,
            )
        if "roles" in values:
            roles.set_manual(user=row, roles=values["roles"], actor=self.actor, now=self.now)
        if "active" in values:
            users.set_active(user=row, active=values["active"], actor=self.actor, now=self.now)
        return self.get_queryset().get(pk=row.pk)


class RoleViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """Roles, their policies, and what they would decide."""

    model = Role
    read_action = Action.READ_ROLES
    write_action = Action.MANAGE_ROLES
    action_permissions = {"simulate": Action.READ_ROLES}
    serializer_class = RoleOut
    input_serializer_class = RoleIn
    filterset_fields = ("name",)
    ordering_fields = ("name", "created_at")

    def get_queryset(self) -> QuerySet[Role]:
        return Role.objects.select_related("namespace").prefetch_related("policies")

    def perform_create(self, values: dict[str, Any]) -> Role:
        return self._fresh(roles.create(values=values, actor=self.actor, now=self.now))  # type: ignore[arg-type]

    def perform_update(self, row: Role, values: dict[str, Any]) -> Role:
        changed = roles.change(role=row, values=values, actor=self.actor, now=self.now)  # type: ignore[arg-type]
        return self._fresh(changed)

    def perform_destroy(self, row: Role) -> None:
        roles.remove(role=row, actor=self.actor, now=self.now)

    @extend_schema(request=RoleSimulateIn, responses={200: RoleSimulateOut})
    @action(detail=True, methods=["post"])
    def simulate(self, request: Request, **kwargs: Any) -> Response:  # noqa: ANN401, ARG002 - DRF's
        """What the role's policies decide about an action, and the statement that decided."""
        values = self.validated(RoleSimulateIn)
        decided = roles.simulate(role=self.get_object(), **values)
        answer = {
            "decision": "allow" if decided.allowed else "deny",
            "matched": decided.statement,
            "reason": decided.reason.value,
        }
        return Response(RoleSimulateOut(answer).data)

    def _fresh(self, row: Role) -> Role:
        return self.get_queryset().get(pk=row.pk)


class PolicyViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadViewSet):
    """IAM policies, validated when saved: each fault is pointed at."""

    model = Policy
    read_action = Action.READ_ROLES
    write_action = Action.MANAGE_ROLES
    serializer_class = PolicyOut
    input_serializer_class = PolicyIn
    filterset_fields = ("name",)
    ordering_fields = ("name", "created_at")

    def perform_create(self, values: dict[str, Any]) -> Policy:
        return policies.create(values=values, actor=self.actor, now=self.now)  # type: ignore[arg-type]

    def perform_update(self, row: Policy, values: dict[str, Any]) -> Policy:
        return policies.change(policy=row, values=values, actor=self.actor, now=self.now)  # type: ignore[arg-type]

    def perform_destroy(self, row: Policy) -> None:
        policies.remove(policy=row, actor=self.actor, now=self.now)
