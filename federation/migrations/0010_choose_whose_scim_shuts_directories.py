"""Whether a provider's SCIM client shuts the directories of the namespace too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("federation", "0009_keep_the_break_glass_account")]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="scim_shuts_directories",
            field=models.BooleanField(
                default=True,
                help_text="Whom its SCIM client deactivates or deletes may not sign in by a "
                "directory of this namespace under the same name either. Switch it off for a "
                "provider of another company, which could name your people.",
                verbose_name="SCIM shuts directories too",
            ),
        ),
    ]
