"""Sixteen parts of the metastore index, by fingerprint, and eight bytes less a row.

By fingerprint, for that is what is looked up: one fingerprint lies in one part, whose tree is a
sixteenth as large and stays in memory where the whole would not; and each part is vacuumed and
reindexed by itself. Parts by object would be probed one and all for each look-up, and a few large
objects would fill one. An object's rows still lie together in each part.

PostgreSQL rounds a row up to eight bytes: 28 cost as much as 32. In 24 there is room when a length
(31 bits) is split over the upper bits of the position (47 bits, 140 TB) and a smallint, and the
namespace's number is a smallint too. A row is 52 bytes, 20 to 30 more in the tree.

The parts themselves answer nobody: row-level security of the whole holds for what goes through it,
and nothing else may. From PostgreSQL 17 on the service may maintain them (`manage.py vacuum_lake`).
"""

from django.conf import settings
from django.db import migrations

PARTS = 16

POLICY = """
ALTER TABLE purge_indexentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE purge_indexentry FORCE ROW LEVEL SECURITY;
CREATE POLICY namespace_only ON purge_indexentry
  USING (namespace_number = (
           SELECT number FROM purge_purgekeys
           WHERE namespace_id = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)
         OR current_setting('lakewarden.system', true) = 'on')
  WITH CHECK (namespace_number = (
           SELECT number FROM purge_purgekeys
           WHERE namespace_id = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)
         OR current_setting('lakewarden.system', true) = 'on');
"""
COLUMNS = """(
  fingerprint bigint NOT NULL,
  place bigint NOT NULL,
  object_number integer NOT NULL,
  length_low smallint NOT NULL,
  namespace_number smallint NOT NULL
)"""
COLUMNS_BEFORE = """(
  fingerprint bigint NOT NULL,
  position bigint NOT NULL,
  object_number integer NOT NULL,
  length integer NOT NULL,
  namespace_number integer NOT NULL
)"""
PACKED = """fingerprint, position | ((length >> 15)::bigint << 47), object_number,
  (length & 32767)::smallint, namespace_number::smallint"""
UNPACKED = """fingerprint, place & ((1::bigint << 47) - 1), object_number,
  ((place >> 47)::integer << 15) | length_low, namespace_number"""
INDEXES = """
CREATE INDEX purge_indexentry_fingerprint ON purge_indexentry (fingerprint);
CREATE INDEX purge_indexentry_object ON purge_indexentry
  USING brin (object_number) WITH (pages_per_range = 16, autosummarize = on);
"""

# Every namespace's rows move: for this one transaction the owner sees them all.
SEE_ALL = "SET LOCAL lakewarden.system = 'on';"


def moved(shape: str) -> str:
    return f"""
INSERT INTO purge_indexentry SELECT {shape} FROM purge_indexentry_before ORDER BY object_number;
DROP TABLE purge_indexentry_before;
"""


ASIDE = """
ALTER TABLE purge_indexentry RENAME TO purge_indexentry_before;
ALTER INDEX purge_indexentry_fingerprint RENAME TO purge_indexentry_before_fingerprint;
ALTER INDEX purge_indexentry_object RENAME TO purge_indexentry_before_object;
"""


def part(number: int) -> str:
    name = f"purge_indexentry_{number:02d}"
    return f"""
CREATE TABLE {name} PARTITION OF purge_indexentry
  FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {number});
ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
REVOKE ALL ON {name} FROM {settings.DATABASE_APP_ROLE};
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 170000 THEN
    EXECUTE 'GRANT MAINTAIN ON {name} TO {settings.DATABASE_APP_ROLE}';
  END IF;
END $$;
"""


PARTITION = (
    ASIDE
    + f"CREATE TABLE purge_indexentry {COLUMNS} PARTITION BY HASH (fingerprint);"
    + "".join(part(number) for number in range(PARTS))
    + SEE_ALL
    + moved(PACKED)
    + INDEXES
    + POLICY
)
JOIN = (
    ASIDE
    + f"CREATE TABLE purge_indexentry {COLUMNS_BEFORE};"
    + SEE_ALL
    + moved(UNPACKED)
    + INDEXES
    + POLICY
)


class Migration(migrations.Migration):
    dependencies = [("purge", "0005_rules_holds_and_suppression")]
    operations = [migrations.RunSQL(PARTITION, JOIN)]
