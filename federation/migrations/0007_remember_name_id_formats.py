"""A choice of role that waits remembers in which format the person was named."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0006_sign_out_and_encrypt'),
    ]

    operations = [
        migrations.AddField(
            model_name='rolechoice',
            name='name_id_format',
            field=models.CharField(blank=True, default='', max_length=256),
            preserve_default=False,
        ),
    ]
