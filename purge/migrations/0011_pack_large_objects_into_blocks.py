"""A large object's entries in blocks of some thirty: a row costs more than what is in it.

An entry is eighteen bytes and was a row of 52 with 22 in a tree. Sorted and cut at fixed bounds of
the fingerprint (`bucket`: its upper thirteen bits), 262,144 entries are at most 8,192 rows. A
look-up asks for one bucket and reads one row for each so many entries of the lake.

In sixteen parts, as the entries of small objects are, so that each is vacuumed by itself.
What arrived before became rows: they are given to their objects, and a number that was never
published is dropped with its rows.
"""

from django.conf import settings
from django.db import migrations

PARTS, BUCKETS = 16, 1 << 13

OWN = """(namespace_number = (
           SELECT number FROM purge_purgekeys
           WHERE namespace_id = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)
         OR current_setting('lakewarden.system', true) = 'on')"""

BLOCKS = f"""
CREATE TABLE purge_indexblock (
  number integer NOT NULL,
  bucket smallint NOT NULL,
  namespace_number smallint NOT NULL,
  fingerprints bytea NOT NULL,
  places bytea NOT NULL,
  lengths_low bytea NOT NULL
) PARTITION BY RANGE (bucket);
CREATE INDEX purge_indexblock_bucket ON purge_indexblock (bucket, number);
CREATE INDEX purge_indexblock_number ON purge_indexblock (number);
ALTER TABLE purge_indexblock ENABLE ROW LEVEL SECURITY;
ALTER TABLE purge_indexblock FORCE ROW LEVEL SECURITY;
CREATE POLICY namespace_only ON purge_indexblock USING {OWN} WITH CHECK {OWN};
"""


def part(number: int) -> str:
    name, size = f"purge_indexblock_{number:02d}", BUCKETS // PARTS
    first = number * size - BUCKETS // 2
    return f"""
CREATE TABLE {name} PARTITION OF purge_indexblock FOR VALUES FROM ({first}) TO ({first + size});
ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
REVOKE ALL ON {name} FROM {settings.DATABASE_APP_ROLE};
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 170000 THEN
    EXECUTE 'GRANT MAINTAIN ON {name} TO {settings.DATABASE_APP_ROLE}';
  END IF;
END $$;
"""


# Every namespace's rows move: for this one transaction the owner sees them all.
SEE_ALL = "SET LOCAL lakewarden.system = 'on';"
NO_ARRIVALS = """
DELETE FROM purge_indexentry WHERE object_number IN (
  SELECT number FROM purge_indexarrival WHERE object_number IS NULL);
UPDATE purge_indexentry SET object_number = purge_indexarrival.object_number
  FROM purge_indexarrival WHERE purge_indexarrival.number = purge_indexentry.object_number;
DELETE FROM purge_indexarrival;
"""
# Rows are not made of blocks again: the objects are read again, at the next run of `index_lake`.
READ_AGAIN = """
UPDATE purge_lakeobject SET version = '', entries = 0 WHERE number IN (
  SELECT object_number FROM purge_indexarrival);
DELETE FROM purge_indexarrival;
DROP TABLE purge_indexblock;
"""


class Migration(migrations.Migration):
    dependencies = [("purge", "0010_tell_erased_people_apart")]
    operations = [
        migrations.RunSQL(
            SEE_ALL + NO_ARRIVALS + BLOCKS + "".join(part(number) for number in range(PARTS)),
            SEE_ALL + READ_AGAIN,
        )
    ]
