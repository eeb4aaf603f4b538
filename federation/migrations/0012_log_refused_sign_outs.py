"""The sign-in log holds the logout messages that were refused, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("federation", "0011_remember_name_id_qualifiers")]

    operations = [
        migrations.AddField(
            model_name="signinattempt",
            name="door",
            field=models.CharField(
                choices=[
                    ("sign_in", "Sign-in"),
                    ("out_by_redirect", "Sign-out by HTTP-Redirect"),
                    ("out_by_form", "Sign-out by HTTP-POST"),
                ],
                default="sign_in",
                max_length=16,
                verbose_name="message",
            ),
        ),
    ]
