"""A logout request must name the person within the very names of the sign-in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0005_suspend_namespaces")]

    operations = [
        migrations.AddField(
            model_name="usersession",
            name="name_qualifier",
            field=models.CharField(blank=True, default="", max_length=1024),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="usersession",
            name="sp_name_qualifier",
            field=models.CharField(blank=True, default="", max_length=1024),
            preserve_default=False,
        ),
    ]
