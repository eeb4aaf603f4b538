"""A choice of role that waits remembers within whose names the person was named."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("federation", "0010_choose_whose_scim_shuts_directories")]

    operations = [
        migrations.AddField(
            model_name="rolechoice",
            name="name_qualifier",
            field=models.CharField(blank=True, default="", max_length=1024),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="rolechoice",
            name="sp_name_qualifier",
            field=models.CharField(blank=True, default="", max_length=1024),
            preserve_default=False,
        ),
    ]
