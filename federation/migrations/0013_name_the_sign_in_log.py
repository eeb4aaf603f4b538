"""The sign-in log is called so on its pages."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("federation", "0012_log_refused_sign_outs")]

    operations = [
        migrations.AlterModelOptions(
            name="signinattempt",
            options={
                "verbose_name": "line of the sign-in log",
                "verbose_name_plural": "sign-ins and sign-outs",
            },
        ),
    ]
