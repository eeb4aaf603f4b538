"""A number under which a large object's entries arrive before anybody may find them.

They are stored in short transactions while the object is read. `object_number` says whose they are,
from the one transaction on that makes the object what was read; before, they answer nobody.
Arrivals and objects take their numbers in turn: what arrives together has neighbouring numbers, as
the block-range index needs it.
"""

from django.db import migrations

ARRIVALS = """
CREATE TABLE purge_indexarrival (
  number integer PRIMARY KEY DEFAULT nextval('purge_lakeobject_number'),
  object_number integer UNIQUE,
  namespace_number smallint NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE purge_indexarrival ENABLE ROW LEVEL SECURITY;
ALTER TABLE purge_indexarrival FORCE ROW LEVEL SECURITY;
CREATE POLICY namespace_only ON purge_indexarrival
  USING (namespace_number = (
           SELECT number FROM purge_purgekeys
           WHERE namespace_id = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)
         OR current_setting('lakewarden.system', true) = 'on')
  WITH CHECK (namespace_number = (
           SELECT number FROM purge_purgekeys
           WHERE namespace_id = NULLIF(current_setting('lakewarden.namespace', true), '')::uuid)
         OR current_setting('lakewarden.system', true) = 'on');
"""
NO_ARRIVALS = """
SET LOCAL lakewarden.system = 'on';
DELETE FROM purge_indexentry WHERE object_number IN (
  SELECT number FROM purge_indexarrival WHERE object_number IS NULL);
UPDATE purge_indexentry SET object_number = purge_indexarrival.object_number
  FROM purge_indexarrival WHERE purge_indexarrival.number = purge_indexentry.object_number;
DROP TABLE purge_indexarrival;
"""


class Migration(migrations.Migration):
    dependencies = [("purge", "0008_keep_the_ledger_through_a_restore")]
    operations = [migrations.RunSQL(ARRIVALS, NO_ARRIVALS)]
