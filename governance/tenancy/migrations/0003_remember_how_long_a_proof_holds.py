"""Sessions remember how long their proof holds, so that a role may end them sooner."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0002_isolation'),
    ]

    operations = [
        migrations.AddField(
            model_name='usersession',
            name='proof_expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
