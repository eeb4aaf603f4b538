"""Refusing to start where the database would not hold the second wall.

A role that is superuser, may bypass row-level security, or owns the tables (and could switch
the policies off) must not serve. Nor may a table of a namespace stand without its policy.
"""

from django.db import connection

from governance.kernel.refusals import Unavailable

ROLE = """
    SELECT rolname, rolsuper OR rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                     AND pg_has_role(current_user, c.relowner, 'MEMBER'))
    FROM pg_roles WHERE rolname = current_user
"""
OPEN_TABLES = """
    SELECT coalesce(string_agg(c.relname, ', ' ORDER BY c.relname), '')
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'namespace_id' AND NOT a.attisdropped
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
"""


class IsolationBroken(Unavailable):
    code = "isolation_broken"
    sentence = "The service does not start: {why} See docs/operating.md, section Database roles."


def require_isolation() -> None:
    """Raise IsolationBroken unless row-level security binds the role that is connected."""
    with connection.cursor() as cursor:
        cursor.execute(ROLE)
        role = cursor.fetchone()
        cursor.execute(OPEN_TABLES)
        open_tables = cursor.fetchone()[0]
    why = weakness(role=role, open_tables=open_tables)
    if why:
        raise IsolationBroken(why=why)


def weakness(*, role: tuple[str, bool, bool], open_tables: str) -> str:
    """What is wrong with a role (its name, whether it bypasses, whether it owns), or nothing."""
    name, bypasses, owns = role
    if bypasses:
        return f"the database role {name} bypasses row-level security."
    if owns:
        return f"the database role {name} owns the tables it serves."
    if open_tables:
        return f"these tables have no row-level security: {open_tables}."
    return ""
