"""Old versions that a layer keeps, tables, and how each object of an erasure is dealt with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("purge", "0003_metastore_index"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="lakeobject",
            name="lake_object_key_is_unique",
        ),
        migrations.AddField(
            model_name="erasurestep",
            name="locked_until",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="erasurestep",
            name="plan",
            field=models.CharField(
                choices=[
                    ("splice", "records are cut out, the rest of the object stays as it is"),
                    (
                        "remove_version",
                        "this old version is removed whole, with everybody's records in it",
                    ),
                    ("remove_object", "the whole object is theirs and is removed"),
                    ("delete_rows", "the table's engine deletes the rows"),
                ],
                default="splice",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="erasurestep",
            name="reclaim",
            field=models.TextField(blank=True, help_text="What the layer says of the freed bytes."),
        ),
        migrations.AddField(
            model_name="lakeobject",
            name="current",
            field=models.BooleanField(default=True),
        ),
        migrations.AlterField(
            model_name="dataset",
            name="compression",
            field=models.CharField(
                choices=[("none", "None"), ("gzip", "gzip"), ("zstd", "zstd")],
                default="none",
                help_text="For people to read: what an object's bytes say decides.",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="dataset",
            name="format",
            field=models.CharField(
                choices=[
                    ("ndjson", "ndjson"),
                    ("csv", "csv"),
                    ("parquet", "parquet"),
                    ("orc", "orc"),
                    ("table", "table"),
                ],
                default="ndjson",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="dataset",
            name="locator",
            field=models.CharField(
                choices=[
                    ("row", "By records, each with an identifier, kept in the index"),
                    ("file_name", "By the object's name"),
                    ("metadata_file", "By a metadata file beside the object"),
                    ("tag", "By a tag of the object"),
                    ("partition", "By a folder named column=value"),
                    ("scan", "By reading every record when somebody asks"),
                ],
                default="row",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="erasurestep",
            name="staged",
            field=models.JSONField(default=dict, help_text="What is being done, to go on from."),
        ),
        migrations.AlterField(
            model_name="storagelayer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("filesystem", "Local folder"),
                    ("s3", "S3"),
                    ("postgresql", "PostgreSQL tables"),
                    ("table", "Tables of a table format"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="lakeobject",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)),
                fields=("dataset", "key"),
                name="lake_object_is_current_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="lakeobject",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", False)),
                fields=("dataset", "key", "version"),
                name="lake_object_version_is_unique",
            ),
        ),
    ]
