"""For each mail of the product, what it is rendered with: every branch of its templates once."""

from typing import Any

Context = dict[str, Any]
ERASURE: Context = {
    "id": "01a2098f-acef-7cd6-ad45-395e2c02411c",
    "reference": "Ticket 1031",
    "due": "23 December 2026",
    "link": "/n/default/erasures/01a2098f-acef-7cd6-ad45-395e2c02411c/",
}
TOTALS: Context = {"records": 7, "objects": 3, "unclear": 0, "unreachable": 0, "held": 0}
ENDING: Context = {
    "provider": "AzureActiveDirectory",
    "provider_id": "01a2098f-acef-7cd6-ad45-395e2c02411c",
    "kind": "certificate",
    "what": "The signing certificate",
    "days_left": 30,
    "ends_on": "2026-12-23",
    "is_replaced": False,
    "is_refreshed": False,
}
BREACH: Context = {
    "title": "Data scanned, weekly",
    "used": "0.42 TB",
    "amount": "0.5 TB",
    "thresholds": [80],
    "period_text": "Sunday 22 November 2026, 00:00 UTC to Sunday 29 November 2026, 00:00 UTC",
    "action": "disable",
}
OWNERS = ("platform", "01a2098f-acef-7cd6-ad45-395e2c02411c")
CONTEXTS: dict[str, list[Context]] = {
    "purge/email/awaiting_approval": [
        {
            **ERASURE,
            "totals": TOTALS,
            "given": 0,
            "needed": 1,
            "people": 1,
            "decide_by": "13 December 2026",
        },
        {
            **ERASURE,
            "totals": {**TOTALS, "records": 1, "objects": 1, "unclear": 2, "held": 1}
            | {"unreachable": 1},
            "given": 1,
            "needed": 2,
            "people": 3,
            "decide_by": "13 December 2026",
        },
    ],
    "purge/email/reminder": [
        {**ERASURE, "days": 3, "state": "Awaiting approval", "waits": True},
        {**ERASURE, "days": 0, "state": "Partially failed", "waits": False},
    ],
    "purge/email/came_back": [
        {
            "reference": "Ticket 1031",
            "dataset": "landing/customers in local",
            "link": "/n/default/erasures/returns/",
        }
    ],
    "purge/email/succeeded": [{**ERASURE, "records": 7, "objects": 3, "certificate": 4}],
    "purge/email/failed": [
        {
            **ERASURE,
            "state": "Partially failed",
            "why": "",
            "problems": [
                {"name": "exports/2026/customers.csv", "reason": "it is locked", "count": 3},
                {"name": "", "reason": "the storage layer did not answer", "count": 1},
            ],
            "more": 2,
        },
        {
            **ERASURE,
            "state": "Rejected",
            "why": "An officer rejected it. Nothing was deleted.",
            "problems": [],
            "more": 0,
        },
    ],
    "purge/email/contact_outcome": [
        {"company": "Customer Inc.", "state": state, "reference": "Ticket 1031"}
        for state in ("completed", "partially_failed", "rejected", "expired", "cancelled")
    ],
    "federation/email/ends_soon": [
        ENDING,
        {**ENDING, "days_left": 1, "is_refreshed": True},
        {**ENDING, "is_replaced": True},
        {**ENDING, "kind": "own_key", "what": "Our signing key"},
        {**ENDING, "kind": "own_key", "what": "Our signing key", "is_replaced": True},
    ],
    "federation/email/break_glass_used": [{"login_name": "ivan", "network": "192.0.2.0/24"}],
    "federation/email/access_recovered": [
        {"was_enforced": True, "login_name": "ivan"},
        {"was_enforced": False, "login_name": ""},
    ],
    "usage_limits/email/alert": [
        {**BREACH, "event": "usage_limit.threshold", "headline": "0.42 TB of 0.5 TB used."},
        {**BREACH, "event": "usage_limit.reached", "headline": "0.5 TB of 0.5 TB used."},
        {**BREACH, "event": "usage_limit.disabled", "headline": "The feature is disabled."},
        {
            **BREACH,
            "event": "usage_limit.refused",
            "thresholds": [],
            "headline": "A query that asked for 1 TB was refused.",
        },
        {
            "event": "workload_rule.matched",
            "headline": "The workload rule long stopped a query.",
            "title": "Workload rule long",
            "rule": "long",
            "condition": "query_execution_time > 60",
            "query": "01a2098f-acef-7cd6-ad45-395e2c02411c",
        },
        {
            "event": "alert_channel.test",
            "headline": "This is a test of the alert channel: it works.",
            "title": "Test",
        },
    ],
    "project/email/audit_anchors": [
        {"lines": [f"2026-11-23T10:00:00+00:00 {owner} 12 {'ab' * 32}" for owner in OWNERS]}
    ],
}
