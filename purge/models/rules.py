"""How a namespace wants its erasures decided, and what becomes of people who come back."""

from django.db import models
from django.db.models import Q

from governance.isolation.models import NamespacedModel


class CameBackPolicy(models.TextChoices):
    """What to do when a record of an erased person arrives again."""

    FLAG = "flag", "Tell the officers"
    ERASE_AGAIN = "erase_again", "Ask for another erasure at once"


class ErasureRules(NamespacedModel):
    """One row a namespace, made when it is first needed."""

    approvals_needed = models.PositiveSmallIntegerField(
        default=1,
        choices=[(1, "One officer"), (2, "Two officers")],
        help_text="How many people must approve an erasure. Requests keep the larger number.",
    )
    undecided_days = models.PositiveSmallIntegerField(
        default=60,
        help_text="A request that nobody decided on expires after so many days, "
        "though never before it is due.",
    )
    came_back = models.CharField(
        max_length=12,
        choices=CameBackPolicy,
        default=CameBackPolicy.FLAG,
        help_text="When a record of an erased person arrives again.",
    )

    class Meta:
        verbose_name = "erasure rules"
        verbose_name_plural = "erasure rules"
        constraints = (
            models.UniqueConstraint(fields=("namespace",), name="erasure_rules_are_one_row"),
            models.CheckConstraint(
                condition=Q(approvals_needed__in=(1, 2)), name="erasure_rules_ask_one_or_two"
            ),
            models.CheckConstraint(
                condition=Q(undecided_days__gte=1), name="erasure_rules_leave_a_day"
            ),
        )

    def __str__(self) -> str:
        return "erasure rules"
