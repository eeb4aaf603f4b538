"""A logout request must name the person in the very format of the sign-in."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0003_remember_how_long_a_proof_holds'),
    ]

    operations = [
        migrations.AddField(
            model_name='usersession',
            name='name_id_format',
            field=models.CharField(blank=True, default='', max_length=256),
            preserve_default=False,
        ),
    ]
