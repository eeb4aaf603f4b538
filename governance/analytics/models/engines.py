"""Engines that run a namespace's queries."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from governance.analytics.domain.engines import EngineKind
from governance.analytics.domain.queries import Pool
from governance.isolation.models import NamespacedModel


def default_databases() -> list[str]:
    return ["default"]


class Engine(NamespacedModel):
    """`credentials` is sealed. `pool` says whose slots it offers."""

    name = models.CharField(max_length=64)
    kind = models.CharField(
        max_length=16,
        choices=[
            (EngineKind.DUCKDB.value, "DuckDB"),
            (EngineKind.HIVESERVER2.value, "Spark or Hive"),
        ],
        default=EngineKind.DUCKDB.value,
    )
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text=(
            "timeout_seconds, slots, max_result_rows, max_result_megabytes, and for DuckDB "
            "memory_megabytes and threads: whole numbers, all optional. For Hive: host, port, "
            "product, transport, ca_certificates, authentication, username, tables, lake_url, "
            "server_databases, sizes."
        ),
    )
    credentials = models.TextField(
        blank=True, help_text="The password of the account on the server. DuckDB needs none."
    )
    pool = models.CharField(
        max_length=8,
        choices=[(Pool.MAIN.value, "Main"), (Pool.BURST.value, "Burst")],
        default=Pool.MAIN.value,
        help_text="Burst slots are used when the main slots are busy; their minutes are metered.",
    )
    databases = ArrayField(
        models.CharField(max_length=128),
        default=default_databases,
        help_text="The catalogue's databases that this engine answers for, comma-separated.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("namespace", "name"), name="engine_name_is_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in EngineKind]),
                name="engine_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(pool__in=[pool.value for pool in Pool]),
                name="engine_pool_is_known",
            ),
        )

    def __str__(self) -> str:
        return self.name
