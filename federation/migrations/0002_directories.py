"""Tables of directories and their mappings, and the look-up of a domain's namespace."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import governance.kernel.identifiers
import governance.secrets.fields
from django.db import migrations, models
from governance.isolation.operations import Crossing, Isolate, SameNamespace


class Migration(migrations.Migration):
    dependencies = [
        ("federation", "0001_identity_providers"),
        ("tenancy", "0002_isolation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Directory",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "name",
                    models.CharField(
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Za-z0-9_.-]{1,64}\\Z")
                        ],
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "urls",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=512),
                        blank=True,
                        default=list,
                        help_text="ldap://host:port or ldaps://host:port, tried in this order until one answers.",
                        size=None,
                        verbose_name="URLs",
                    ),
                ),
                (
                    "tls",
                    models.CharField(
                        choices=[
                            ("ldaps", "LDAPS"),
                            ("start_tls", "StartTLS"),
                            ("none", "None: passwords travel readable"),
                        ],
                        default="ldaps",
                        max_length=16,
                        verbose_name="TLS",
                    ),
                ),
                (
                    "ca_certificates",
                    models.TextField(
                        blank=True,
                        help_text="PEM. Only these authorities are trusted; the system's where this is empty.",
                        verbose_name="CA certificates",
                    ),
                ),
                (
                    "bind_dn",
                    models.CharField(
                        blank=True,
                        help_text="The account that looks people up. Without one, people are bound by the patterns below, which costs one try for each pattern.",
                        max_length=1024,
                        verbose_name="bind DN",
                    ),
                ),
                ("bind_password", governance.secrets.fields.SealedTextField(blank=True)),
                ("base_dn", models.CharField(max_length=1024, verbose_name="base DN")),
                (
                    "domain",
                    models.CharField(
                        blank=True,
                        help_text="What people write behind the @ or before the backslash. No two directories of this installation share one.",
                        max_length=255,
                    ),
                ),
                (
                    "user_dn_patterns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=1024),
                        blank=True,
                        default=list,
                        help_text="Used without a bind DN, such as uid=%s,ou=people,dc=acme,dc=example.",
                        size=None,
                        verbose_name="user DN patterns",
                    ),
                ),
                (
                    "user_filter",
                    models.CharField(
                        blank=True,
                        help_text="{0} is the user's name. Empty: the user name attribute equals it.",
                        max_length=2048,
                    ),
                ),
                (
                    "username_attribute",
                    models.CharField(
                        default="uid",
                        max_length=128,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z][A-Za-z0-9-]{0,127}\\Z",
                                "Use an attribute's name: letters, digits and hyphens.",
                            )
                        ],
                        verbose_name="user name attribute",
                    ),
                ),
                (
                    "group_base_dn",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the base DN.",
                        max_length=1024,
                        verbose_name="group base DN",
                    ),
                ),
                (
                    "group_filter",
                    models.CharField(
                        blank=True,
                        help_text="{0} is the user's name, {1} their DN. Empty: made from the keys below.",
                        max_length=2048,
                    ),
                ),
                (
                    "group_class_key",
                    models.CharField(
                        default="groupOfNames",
                        max_length=128,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z][A-Za-z0-9-]{0,127}\\Z",
                                "Use an attribute's name: letters, digits and hyphens.",
                            )
                        ],
                        verbose_name="group class",
                    ),
                ),
                (
                    "group_membership_key",
                    models.CharField(
                        default="member",
                        max_length=128,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z][A-Za-z0-9-]{0,127}\\Z",
                                "Use an attribute's name: letters, digits and hyphens.",
                            )
                        ],
                        verbose_name="group membership attribute",
                    ),
                ),
                (
                    "user_membership_key",
                    models.CharField(
                        blank=True,
                        help_text="Such as memberOf: read groups from the person's entry, not by searching.",
                        max_length=128,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z][A-Za-z0-9-]{0,127}\\Z",
                                "Use an attribute's name: letters, digits and hyphens.",
                            )
                        ],
                        verbose_name="user membership attribute",
                    ),
                ),
                (
                    "nested_groups",
                    models.BooleanField(
                        default=False,
                        help_text="Groups of groups count as well, ten levels up at most.",
                    ),
                ),
                (
                    "allowed_groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=256),
                        blank=True,
                        default=list,
                        help_text="Only members of one of these may enter. Empty: all.",
                        size=None,
                    ),
                ),
                (
                    "allowed_users",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=256),
                        blank=True,
                        default=list,
                        help_text="Only these people may enter. Empty: all.",
                        size=None,
                    ),
                ),
                (
                    "timeout_seconds",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="For the whole sign-in, over all URLs.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "directories",
            },
        ),
        migrations.CreateModel(
            name="DirectoryMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("group", "Group"),
                            ("user", "User"),
                            ("prefix", "Storage prefix"),
                        ],
                        default="group",
                        max_length=8,
                    ),
                ),
                (
                    "identifiers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=1024),
                        blank=True,
                        default=list,
                        help_text="Names of users or groups (or groups' DNs), or storage prefixes that a session may say it works on. Any one of them matches.",
                        size=None,
                    ),
                ),
                (
                    "position",
                    models.PositiveIntegerField(
                        default=1,
                        help_text="Lower comes first; the first that matches is the default role.",
                    ),
                ),
                (
                    "directory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mappings",
                        to="federation.directory",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.role",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="directory",
            constraint=models.UniqueConstraint(
                fields=("namespace", "name"), name="directory_name_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="directory",
            constraint=models.UniqueConstraint(
                condition=models.Q(("domain", ""), _negated=True),
                fields=("domain",),
                name="directory_domain_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="directory",
            constraint=models.CheckConstraint(
                condition=models.Q(("timeout_seconds__range", (1, 30))),
                name="directory_timeout_is_bounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="directory",
            constraint=models.CheckConstraint(
                condition=models.Q(("tls__in", ["none", "start_tls", "ldaps"])),
                name="directory_tls_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="directorymapping",
            index=models.Index(
                fields=["directory", "position"], name="federation__directo_0ee806_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="directorymapping",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["user", "group", "prefix"])),
                name="directory_mapping_kind_is_known",
            ),
        ),
        Isolate("directory"),
        Isolate("directorymapping"),
        SameNamespace("directorymapping", "directory", "federation_directory"),
        SameNamespace("directorymapping", "role", "tenancy_role"),
        # The directory of that domain; else the only one whose domain begins with that label
        # (`ACME\\user` of acme.example); and for a plain name the only directory there is.
        Crossing(
            "lakewarden_namespace_of_domain(wanted text) RETURNS uuid",
            """
            WITH fitting AS (
              SELECT namespace_id, domain FROM federation_directory
              WHERE enabled AND (wanted = '' OR domain = wanted
                OR (position('.' IN wanted) = 0 AND split_part(domain, '.', 1) = wanted))
            )
            SELECT namespace_id FROM fitting
            WHERE (wanted <> '' AND domain = wanted)
              OR ((SELECT count(*) FROM fitting) = 1)
            """,
        ),
    ]
