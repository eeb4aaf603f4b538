"""The gate of a namespace's ledger: whoever changes entries, counters or limits holds it.

One row, not one a feature: a request may submit several queries in one transaction, and with
two gates the second query could ask for the one that another request holds while that one waits
for the first. Counters are only touched behind the gate, so no two transactions wait for each
other.
"""

from governance.isolation.scopes import current_namespace_id
from usage_limits.models import UsageGate


def hold() -> None:
    """Lock the namespace's gate until the transaction ends; the first caller makes it."""
    if not _locked():
        gate = UsageGate(namespace_id=current_namespace_id())
        UsageGate.objects.bulk_create([gate], ignore_conflicts=True)
        _locked()


def _locked() -> list[UsageGate]:
    return list(UsageGate.objects.select_for_update())
