"""Migration operations that put the database's own wall around a namespace's rows.

`Isolate` switches row-level security on and forces it, so that not even the tables' owner
skips it. `SameNamespace` is a composite foreign key: a row may only point to a row of its own
namespace, whatever the code forgot. `AppendOnly` leaves the service INSERT and SELECT.
"""

from abc import ABC, abstractmethod

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY namespace_only ON {table}
  USING ({column} = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid
         OR current_setting('lakewarden.system', true) = 'on')
  WITH CHECK ({column} = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid
         OR current_setting('lakewarden.system', true) = 'on');
"""


class SQLOperation(Operation, ABC):
    """Runs SQL that depends on a table's real name, and its reverse."""

    reversible = True
    atomic = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models' state does not change: this is the database's own."""

    @abstractmethod
    def forwards(self, app_label: str) -> str: ...

    @abstractmethod
    def backwards(self, app_label: str) -> str: ...

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(self.forwards(app_label), params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(self.backwards(app_label), params=None)


class Isolate(SQLOperation):
    """Row-level security with FORCE on a namespaced model's table. `column` names the owner."""

    def __init__(self, model: str, *, column: str = "namespace_id") -> None:
        self.model = model.lower()
        self.column = column

    def forwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        unique = ""
        if self.column != "id":
            # The target of composite foreign keys.
            unique = (
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_namespace_key "
                f"UNIQUE ({self.column}, id);"
            )
        return unique + POLICY.format(table=table, column=self.column)

    def backwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        return (
            f"DROP POLICY namespace_only ON {table};"
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_namespace_key;"
        )

    def describe(self) -> str:
        return f"Isolate the rows of {self.model} by {self.column}"


class SameNamespace(SQLOperation):
    """A composite foreign key beside Django's own: `field` points within the namespace.

    `target` is the pointed-to table, such as `tenancy_role`, which must have been isolated.
    """

    def __init__(self, model: str, field: str, target: str) -> None:
        self.model = model.lower()
        self.field = field
        self.target = target

    def forwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        return (
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{self.field}_same_namespace "
            f"FOREIGN KEY (namespace_id, {self.field}_id) REFERENCES {self.target} "
            f"(namespace_id, id) DEFERRABLE INITIALLY DEFERRED;"
        )

    def backwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        return f"ALTER TABLE {table} DROP CONSTRAINT {table}_{self.field}_same_namespace;"

    def describe(self) -> str:
        return f"Keep {self.model}.{self.field} within the namespace"


class AppendOnly(SQLOperation):
    """The service may insert and read, never change or remove."""

    def __init__(self, model: str) -> None:
        self.model = model.lower()

    def forwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        return f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {settings.DATABASE_APP_ROLE};"

    def backwards(self, app_label: str) -> str:
        table = f"{app_label}_{self.model}"
        return f"GRANT UPDATE, DELETE ON {table} TO {settings.DATABASE_APP_ROLE};"

    def describe(self) -> str:
        return f"Make {self.model} append-only for the service"


class Crossing(SQLOperation):
    """A named look-up across namespaces: an SQL function that answers with ids.

    `signature` is `name(argument type) RETURNS …`; `query` reads the argument by name. The
    system setting holds for the function's own run alone.
    """

    def __init__(self, signature: str, query: str) -> None:
        self.signature = signature
        self.query = query

    def forwards(self, app_label: str) -> str:
        name = self.signature.partition("(")[0]
        role = settings.DATABASE_APP_ROLE
        return (
            f"CREATE FUNCTION {self.signature} LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = public SET lakewarden.system = 'on' AS $crossing$ "
            f"{self.query} $crossing$;"
            f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;"
            f"GRANT EXECUTE ON FUNCTION {name} TO {role};"
        )

    def backwards(self, app_label: str) -> str:
        return f"DROP FUNCTION {self.signature.partition('(')[0]};"

    def describe(self) -> str:
        return f"Name the crossing {self.signature.partition('(')[0]}"


class GrantToService(SQLOperation):
    """What the owner makes, now and later, the service may read and write (and no more)."""

    def forwards(self, app_label: str) -> str:
        role = settings.DATABASE_APP_ROLE
        return f"""
            GRANT USAGE ON SCHEMA public TO {role};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
            GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
            ALTER DEFAULT PRIVILEGES IN SCHEMA public
              GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
        """

    def backwards(self, app_label: str) -> str:
        role = settings.DATABASE_APP_ROLE
        return f"""
            ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {role};
            ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {role};
        """

    def describe(self) -> str:
        return "Grant the service its rights on the owner's tables"
