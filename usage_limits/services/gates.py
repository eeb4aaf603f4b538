"""The gate of a feature: whoever changes its ledger, counters or limits holds it.

Gates are locked in the order of their names, and counters are only touched behind them, so no
two transactions can wait for each other.
"""

from collections.abc import Iterable

from governance.isolation.scopes import current_namespace_id
from usage_limits.domain.features import FeatureType
from usage_limits.models import FeatureGate


def hold(features: Iterable[FeatureType]) -> None:
    """Lock the features' gates until the transaction ends; the missing ones are made first."""
    names = sorted({feature.value for feature in features})
    if len(_locked(names)) < len(names):
        namespace_id = current_namespace_id()
        FeatureGate.objects.bulk_create(
            [FeatureGate(namespace_id=namespace_id, feature_type=name) for name in names],
            ignore_conflicts=True,
        )
        _locked(names)


def _locked(names: list[str]) -> list[FeatureGate]:
    gates = FeatureGate.objects.select_for_update().filter(feature_type__in=names)
    return list(gates.order_by("feature_type"))
