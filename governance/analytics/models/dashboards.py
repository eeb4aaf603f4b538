"""Dashboards: panels of saved SQL, shared with roles."""

from django.db import models

from governance.analytics.domain.dashboards import ChartKind
from governance.isolation.models import NamespacedModel
from governance.tenancy.models import Role

REFRESH_MINUTES = 60


class Dashboard(NamespacedModel):
    slug = models.SlugField(max_length=64, help_text="The last part of its address.")
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=400, blank=True)
    refresh_minutes = models.PositiveIntegerField(
        default=REFRESH_MINUTES,
        help_text="A panel older than this is run again when somebody looks.",
    )
    roles = models.ManyToManyField(Role, through="DashboardShare", related_name="dashboards")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("namespace", "slug"), name="dashboard_slug_is_unique"),
        )

    def __str__(self) -> str:
        return self.title


class DashboardPanel(NamespacedModel):
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="panels")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=200)
    sql = models.TextField(verbose_name="SQL")
    chart = models.CharField(
        max_length=8,
        choices=[(kind.value, kind.value.title()) for kind in ChartKind],
        default=ChartKind.TABLE.value,
        help_text="Bars and lines: the first column is the axis, the others are the values.",
    )

    class Meta:
        verbose_name = "panel"

    def __str__(self) -> str:
        return self.title


class DashboardShare(NamespacedModel):
    """A role that may see a dashboard. A dashboard without any is its authors' draft."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="shares")
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dashboard", "role"), name="dashboard_shared_once"),
        )

    def __str__(self) -> str:
        return str(self.role)
