"""The data map: where data lies, what identifies a person in it, which objects there are."""

from django.db import models

from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField
from purge.domain.locators import Locator
from purge.models.keys import NextNumber
from purge.ports import Format, LayerKind

LOCATORS = {
    Locator.ROW: "By records, each with an identifier, kept in the index",
    Locator.FILE_NAME: "By the object's name",
    Locator.METADATA_FILE: "By a metadata file beside the object",
    Locator.TAG: "By a tag of the object",
    Locator.PARTITION: "By a folder named column=value",
    Locator.SCAN: "By reading every record when somebody asks",
}
LAYER_KINDS = {
    LayerKind.FILESYSTEM: "Local folder",
    LayerKind.S3: "S3",
    LayerKind.POSTGRESQL: "PostgreSQL tables",
    LayerKind.TABLE: "Tables of a table format",
}


class StorageLayer(NamespacedModel):
    """A place where objects are kept. `credentials` is sealed."""

    name = models.CharField(max_length=64)
    kind = models.CharField(
        max_length=16, choices=[(kind.value, label) for kind, label in LAYER_KINDS.items()]
    )
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text='For a filesystem: {"path": "folder below the namespace\'s part of the lake"}.',
    )
    credentials = SealedTextField(blank=True, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "name"), name="storage_layer_name_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Dataset(NamespacedModel):
    """Objects of one shape under one prefix, and the identifiers of people in their records."""

    storage_layer = models.ForeignKey(
        StorageLayer, on_delete=models.PROTECT, related_name="datasets"
    )
    prefix = models.CharField(
        max_length=1024, blank=True, help_text="How the names of its objects begin."
    )
    format = models.CharField(
        max_length=16,
        choices=[(one.value, one.value) for one in Format],
        default=Format.NDJSON.value,
    )
    compression = models.CharField(
        max_length=16,
        choices=[("none", "None"), ("gzip", "gzip"), ("zstd", "zstd")],
        default="none",
        help_text="For people to read: what an object's bytes say decides.",
    )
    locator = models.CharField(
        max_length=16,
        choices=[(one.value, label) for one, label in LOCATORS.items()],
        default=Locator.ROW.value,
    )
    identifiers = models.JSONField(
        help_text='A list such as [{"name": "customer_id", "path": "customer.id", '
        '"type": "integer"}]. Types: string, integer, uuid.'
    )
    indexed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("storage_layer", "prefix"), name="dataset_prefix_is_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.storage_layer} {self.prefix}"


class LakeObject(NamespacedModel):
    """A version of an object, or a table, as it was indexed.

    `key` may hold an identifier: it is shown masked only. The version in force has one row for
    ever, which follows it; a version that is kept behind it (not `current`) has its own.

    `number` stands for the object in the index. `cuts` are the spans that erasures took out since
    it was indexed, in indexed positions: index rows are never shifted (`domain/spans.py`).
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="objects_indexed")
    number = models.IntegerField(
        unique=True,
        editable=False,
        db_default=NextNumber(models.Value("purge_lakeobject_number")),
    )
    key = models.TextField()
    version = models.CharField(max_length=200)
    current = models.BooleanField(default=True)
    size = models.BigIntegerField()
    entries = models.IntegerField(default=0)
    unreadable = models.IntegerField(default=0)
    cuts = models.JSONField(default=list)
    indexed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("dataset", "key"),
                condition=models.Q(current=True),
                name="lake_object_is_current_once",
            ),
            models.UniqueConstraint(
                fields=("dataset", "key", "version"),
                condition=models.Q(current=False),
                name="lake_object_version_is_unique",
            ),
        )

    def __str__(self) -> str:
        return f"object {self.number}"
