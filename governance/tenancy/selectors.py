"""Reads that other rooms share."""

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from governance.tenancy.models import ApiToken, User


def actor_name() -> Coalesce:
    """For annotate(): what the person or token of `actor_id` is called now, in the open scope.

    The audit trail keeps ids alone; names resolve when it is shown, and are empty for who is gone.
    """
    person = User.objects.filter(pk=OuterRef("actor_id")).values("username")[:1]
    token = ApiToken.objects.filter(pk=OuterRef("actor_id")).values("name")[:1]
    return Coalesce(Subquery(person), Subquery(token), Value(""))
