"""An entry of the ledger may outlive its request: only its certificate is left."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('purge', '0007_object_news'),
    ]

    operations = [
        migrations.AlterField(
            model_name='suppression',
            name='erasure_request',
            field=models.ForeignKey(help_text='None where only its certificate outlived a restored database.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='suppressions', to='purge.erasurerequest'),
        ),
    ]
