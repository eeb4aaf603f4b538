"""The catalogue: what SQL may name. A table is a view over files of the namespace's lake."""

from django.db import models

from governance.analytics.domain.plans import TableFormat, TableSource, ViewSource
from governance.isolation.models import NamespacedModel

NAME = models.Q(name__regex=r"^[a-z_][a-z0-9_]{0,127}$") & models.Q(
    database__regex=r"^[a-z_][a-z0-9_]{0,127}$"
)


class LakeTable(NamespacedModel):
    database = models.CharField(max_length=128, default="default")
    name = models.CharField(max_length=128)
    location = models.CharField(
        max_length=1024,
        help_text="A folder or file below the namespace's part of the lake, such as flights/.",
    )
    format = models.CharField(
        max_length=8,
        choices=[
            (TableFormat.PARQUET.value, "Parquet"),
            (TableFormat.CSV.value, "CSV"),
            (TableFormat.NDJSON.value, "JSON lines"),
        ],
    )
    columns = models.JSONField(
        default=list, blank=True, editable=False, help_text="Name and type, as found in the files."
    )
    description = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "table"
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "database", "name"), name="table_name_is_unique"
            ),
            models.CheckConstraint(condition=NAME, name="table_name_is_plain"),
        )

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"

    def source(self) -> TableSource:
        return TableSource(
            database=self.database,
            name=self.name,
            location=self.location,
            format=TableFormat(self.format),
            columns=tuple((name, kind) for name, kind in self.columns),
        )


class LakeView(NamespacedModel):
    database = models.CharField(max_length=128, default="default")
    name = models.CharField(max_length=128)
    sql = models.TextField(verbose_name="SQL", help_text="One SELECT over tables of the catalogue.")
    description = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "view"
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "database", "name"), name="view_name_is_unique"
            ),
            models.CheckConstraint(condition=NAME, name="view_name_is_plain"),
        )

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"

    def source(self) -> ViewSource:
        return ViewSource(database=self.database, name=self.name, sql=self.sql)
