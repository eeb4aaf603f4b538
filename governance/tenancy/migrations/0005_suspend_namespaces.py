"""A namespace can be suspended: a state beside those of its making and deleting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0004_remember_name_id_formats")]

    operations = [
        migrations.AlterField(
            model_name="namespace",
            name="status",
            field=models.CharField(
                choices=[
                    ("CREATING", "Creating"),
                    ("CREATED", "Created"),
                    ("SUSPENDED", "Suspended"),
                    ("DELETING", "Deleting"),
                    ("RETRYABLE_FAILURE", "Failed, can be retried"),
                    ("NON_RETRYABLE_FAILURE", "Failed"),
                ],
                default="CREATED",
                max_length=24,
            ),
        ),
    ]
