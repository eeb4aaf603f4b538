"""Queries: what was asked, where it stands, what it took."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.analytics.domain.queries import Pool, Priority, QueryRun, QueryState
from governance.analytics.models.dashboards import DashboardPanel
from governance.analytics.models.engines import Engine
from governance.isolation.models import NamespacedModel
from governance.tenancy.models import Role, User


class Query(NamespacedModel):
    """`storage_prefixes` are the role's at the time of asking. SQL and result have an age limit."""

    engine = models.ForeignKey(Engine, null=True, on_delete=models.SET_NULL, related_name="+")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    role = models.ForeignKey(Role, null=True, on_delete=models.SET_NULL, related_name="+")
    token_id = models.UUIDField(null=True)
    panel = models.ForeignKey(
        DashboardPanel, null=True, on_delete=models.SET_NULL, related_name="queries"
    )
    sql = models.TextField()
    database = models.CharField(max_length=128, default="default")
    parameters = models.JSONField(default=dict)
    storage_prefixes = ArrayField(models.CharField(max_length=1024), default=list)
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value.title()) for state in QueryState],
        default=QueryState.QUEUED.value,
    )
    pool = models.CharField(max_length=8, default=Pool.MAIN.value)
    priority = models.CharField(max_length=8, default=Priority.NORMAL.value)
    notes = ArrayField(models.CharField(max_length=400), default=list)
    error = models.TextField(blank=True)
    estimated_bytes = models.BigIntegerField(default=0)
    bytes_scanned = models.BigIntegerField(default=0)
    rows_scanned = models.BigIntegerField(null=True)
    rows_returned = models.BigIntegerField(default=0)
    columns = models.JSONField(default=list)
    queue_milliseconds = models.BigIntegerField(default=0)
    run_milliseconds = models.BigIntegerField(default=0)
    cpu_milliseconds = models.BigIntegerField(default=0)
    spilled_bytes = models.BigIntegerField(default=0)
    burst_from_milliseconds = models.BigIntegerField(
        default=0, db_default=0, help_text="How long it had run when it hopped to the burst pool."
    )
    progress = models.FloatField(null=True)
    submitted_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    result_bytes = models.BigIntegerField(default=0)
    result_expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "queries"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in QueryState]),
                name="query_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running"], finished_at__isnull=True)
                | ~models.Q(state__in=["queued", "running"]) & models.Q(finished_at__isnull=False),
                name="query_ends_with_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("namespace", "user", "-submitted_at"), name="query_history"),
            models.Index(
                fields=("namespace", "engine", "state"),
                condition=models.Q(state__in=["queued", "running"]),
                name="query_unfinished",
            ),
            models.Index(fields=("panel", "role", "-submitted_at"), name="query_of_panel"),
        )

    def __str__(self) -> str:
        return f"query {self.pk}"

    def run_now(self) -> QueryRun:
        """What guards and sinks are told."""
        return QueryRun(
            query_id=self.pk,
            namespace_id=self.namespace_id,
            user_id=self.user_id,
            role_id=self.role_id,
            engine_id=self.engine_id or self.pk,
            state=QueryState(self.state),
            pool=Pool(self.pool),
            priority=Priority(self.priority),
            submitted_at=self.submitted_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            estimated_bytes=self.estimated_bytes,
            bytes_scanned=self.bytes_scanned,
            rows_scanned=self.rows_scanned,
            rows_returned=self.rows_returned,
            queue_milliseconds=self.queue_milliseconds,
            run_milliseconds=self.run_milliseconds,
            cpu_milliseconds=self.cpu_milliseconds,
            spilled_bytes=self.spilled_bytes,
            burst_milliseconds=self.burst_milliseconds,
        )

    @property
    def burst_milliseconds(self) -> int:
        if self.pool != Pool.BURST:
            return 0
        return max(self.run_milliseconds - self.burst_from_milliseconds, 0)
