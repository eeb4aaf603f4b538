"""Base classes of every table that belongs to a namespace."""

from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from governance.isolation import insertions
from governance.isolation.scopes import current_scope
from governance.kernel.identifiers import new_id

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class ScopedManager(models.Manager[Row_co]):
    """Gives the rows of the open scope's namespace, and raises where no scope is open."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[Row_co]:
        rows = super().get_queryset()
        scope = current_scope()
        if scope.namespace_id is None:
            return rows
        return rows.filter(namespace_id=scope.namespace_id)

    def create(self, **values: Any) -> Row_co:  # noqa: ANN401 - the model's own fields
        """As Django's, without writing a query of which nothing is asked."""
        current_scope()
        row = self.model(**values)
        row.save(force_insert=True, using=self.db)
        return row


class ScopedModel(models.Model):
    """A row of one namespace, or (with none) of the platform, seen only in a system scope.

    The namespace is the open scope's unless it is given.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    namespace = models.ForeignKey(
        "tenancy.Namespace",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Self]] = ScopedManager()

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:  # noqa: ANN401 - Django's own options, passed on
        if self.namespace_id is None:
            self.namespace_id = current_scope().namespace_id
        super().save(**options)

    def _do_insert(  # Django's own hook below save()
        self,
        manager: models.Manager[Any],
        using: str | None,
        fields: list[models.Field[Any, Any]],
        returning_fields: list[models.Field[Any, Any]],
        raw: bool,  # noqa: FBT001 - Django's signature
    ) -> list[Any]:
        if returning_fields or raw or insertions.is_computed(self, fields=fields):
            inherited: Any = super()
            rows: list[Any] = inherited._do_insert(  # noqa: SLF001 - it overrides this one
                manager, using, fields, returning_fields, raw
            )
            return rows
        insertions.insert(self, fields=fields)
        return []


class NamespacedModel(ScopedModel):
    """A row of exactly one namespace."""

    namespace = models.ForeignKey(
        "tenancy.Namespace", on_delete=models.PROTECT, related_name="+", editable=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
