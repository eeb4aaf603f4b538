"""Reads that other rooms share."""

from django.db.models import Case, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from governance.audit.trail import PLATFORM_ADMINISTRATOR
from governance.tenancy.models import ApiToken, User


def actor_name() -> Coalesce:
    """For annotate(): what the person or token of `actor_id` is called now, in the open scope.

    The audit trail keeps ids alone; names resolve when it is shown, and are empty for who is gone.
    No namespace sees the platform's people: they are called what they are.
    """
    person = User.objects.filter(pk=OuterRef("actor_id")).values("username")[:1]
    token = ApiToken.objects.filter(pk=OuterRef("actor_id")).values("name")[:1]
    platform = When(actor_role=PLATFORM_ADMINISTRATOR, then=Value(PLATFORM_ADMINISTRATOR))
    return Coalesce(Subquery(person), Subquery(token), Case(platform), Value(""))
