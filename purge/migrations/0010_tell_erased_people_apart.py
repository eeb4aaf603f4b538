"""Identifiers of one person are one person in the ledger: they come back together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("purge", "0009_let_large_objects_arrive"),
    ]

    operations = [
        migrations.AddField(
            model_name="suppression",
            name="person",
            field=models.PositiveIntegerField(
                help_text="Which of the people of its erasure: they are numbered. None where nobody noted it.",
                null=True,
            ),
        ),
    ]
