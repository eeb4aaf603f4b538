"""Examples of limits, rules and channels, by the component of the schema that they show."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    "UsageLimitInRequest": {
        "feature_type": "spectrum",
        "limit_type": "data-scanned",
        "amount": 2,
        "period": "weekly",
        "breach_action": "disable",
        "thresholds": [80, 100],
    },
    "PatchedUsageLimitInRequest": {"amount": 3},
    "UsageEventInRequest": {
        "id": "spark-application-42",
        "feature_type": "spectrum",
        "amount": 0.25,
        "at": "2026-03-18T10:30:00Z",
        "source": "spark",
    },
    "WorkloadRuleInRequest": {
        "name": "not_more_than_a_terabyte",
        "predicates": [{"metric": "spectrum_scan_size_mb", "operator": ">", "value": 1048576}],
        "action": "abort",
    },
    "AlertChannelInRequest": {
        "kind": "email",
        "target": "alerts@customer.example",
        "events": ["usage_limit.reached", "usage_limit.disabled"],
    },
}
