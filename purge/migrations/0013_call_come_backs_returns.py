"""What the pages and documents call a return of an erased person is called so in tables too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("purge", "0012_know_accounts_of_erased_people"),
    ]

    operations = [
        migrations.RemoveConstraint("comeback", "come_back_is_open_once"),
        migrations.RemoveConstraint("comeback", "come_back_forgets_its_subject"),
        migrations.RenameModel("ComeBack", "Return"),
        migrations.AlterField(
            model_name="return",
            name="suppression",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="returns",
                to="purge.suppression",
            ),
        ),
        migrations.AlterField(
            model_name="return",
            name="dataset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="returns",
                to="purge.dataset",
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("suppression", "dataset"),
                name="return_is_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="return",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "open"), ("subject", ""), _connector="OR"),
                name="return_forgets_its_subject",
            ),
        ),
    ]
