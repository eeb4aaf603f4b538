"""The database's own wall around the rows of tenancy, and the look-ups that may cross it."""

from django.db import migrations

from governance.isolation.operations import Crossing, Isolate, SameNamespace

TABLES = (
    "User",
    "Identity",
    "UsernameChange",
    "Policy",
    "Role",
    "RolePolicy",
    "RoleBinding",
    "ApiToken",
    "UserSession",
)


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial"), ("isolation", "0001_grants")]
    operations = [
        Isolate("Namespace", column="id"),
        *[Isolate(table) for table in TABLES],
        SameNamespace("Identity", "user", "tenancy_user"),
        SameNamespace("UsernameChange", "user", "tenancy_user"),
        SameNamespace("RolePolicy", "role", "tenancy_role"),
        SameNamespace("RolePolicy", "policy", "tenancy_policy"),
        SameNamespace("RoleBinding", "user", "tenancy_user"),
        SameNamespace("RoleBinding", "role", "tenancy_role"),
        SameNamespace("ApiToken", "created_by", "tenancy_user"),
        SameNamespace("UserSession", "user", "tenancy_user"),
        SameNamespace("UserSession", "role", "tenancy_role"),
        Crossing(
            "lakewarden_namespace_named(wanted text) RETURNS uuid",
            "SELECT id FROM tenancy_namespace WHERE name = wanted",
        ),
        Crossing(
            "lakewarden_token_of_digest(wanted text) RETURNS TABLE (token_id uuid, namespace_id uuid)",
            "SELECT id, namespace_id FROM tenancy_apitoken WHERE digest = wanted",
        ),
        Crossing(
            "lakewarden_local_user(wanted text) RETURNS TABLE (user_id uuid, namespace_id uuid)",
            "SELECT id, namespace_id FROM tenancy_user WHERE login_name = wanted",
        ),
    ]
