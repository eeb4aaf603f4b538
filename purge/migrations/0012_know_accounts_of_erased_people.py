"""Who was erased is known to the gate for accounts in any case and width of letters."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("purge", "0011_pack_large_objects_into_blocks"),
    ]

    operations = [
        migrations.AddField(
            model_name="suppression",
            name="account_fingerprint",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As accounts are compared; empty where none is called so.",
                max_length=32,
            ),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                condition=models.Q(("account_fingerprint", ""), _negated=True),
                fields=["namespace", "account_fingerprint"],
                name="suppression_of_account",
            ),
        ),
    ]
