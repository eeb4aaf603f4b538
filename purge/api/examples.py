"""Examples of the data map and of erasures, by the schema's component."""

from typing import Any

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
REPORT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

EXAMPLES: dict[str, Any] = {
    "StorageLayerInRequest": {
        "name": "purchases",
        "kind": "filesystem",
        "options": {"path": "purchases"},
    },
    "DatasetInRequest": {
        "storage_layer": SOME_ID,
        "prefix": "2026/",
        "format": "ndjson",
        "compression": "none",
        "locator": "row",
        "identifiers": [{"name": "customer_id", "path": "customer.id", "type": "integer"}],
    },
    "ErasureRequestInRequest": {
        "subjects": [{"customer_id": 7}],
        "reason": "Asked by letter on 3 March.",
        "reference": "GDPR-2026-17",
        "identity_proof": "Passport seen at the counter.",
        "contact": "dora@customer.example",
    },
    "ApproveInRequest": {"report_hash": REPORT},
    "RejectInRequest": {"reason": "The contract still runs."},
    "ApproveManyInRequest": {"approvals": [{"id": SOME_ID, "report_hash": REPORT}]},
    "RejectManyInRequest": {"ids": [SOME_ID], "reason": "The contract still runs."},
    "RetryManyInRequest": {"ids": [SOME_ID]},
    "PatchedErasureRulesInRequest": {
        "approvals_needed": 2,
        "undecided_days": 60,
        "came_back": "flag",
    },
    "LegalHoldInRequest": {
        "subject": {"customer_id": 7},
        "reason": "Case 12 O 345/26.",
        "until": "2030-01-01T00:00:00Z",
    },
    "LiftInRequest": {"reason": "The case is closed."},
    "LetBackInRequest": {"subject": {"customer_id": 7}, "reason": "A new contract was signed."},
    "ObjectEventInRequest": {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": "2026-03-18T10:30:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": "customer-b-lake"},
                    "object": {
                        "key": "purchases/2026/03/18.ndjson",
                        "size": 1048576,
                        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    },
}
