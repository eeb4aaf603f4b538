"""Finding a provisioned person by name, whatever the provider."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0007_remember_name_id_formats'),
        ('tenancy', '0004_remember_name_id_formats'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='scimuser',
            index=models.Index(fields=['namespace', 'key'], name='federation__namespa_8827a2_idx'),
        ),
    ]
