"""What happened to an erasure, in words: the audit trail's actions as people read them."""

SENTENCES = {
    "erasure.requested": "Asked for",
    "erasure.locating": "Looking for the records",
    "erasure.reported": "Report made",
    "erasure.awaiting_approval": "Waiting for a decision",
    "erasure.samples_seen": "Sample records were looked at",
    "erasure.decided.approve": "Approved",
    "erasure.decided.reject": "Rejected",
    "erasure.approval_voided": "An approval became void: its officer may not approve any more",
    "erasure.approved": "Enough approvals: the work may begin",
    "erasure.purging": "Erasing",
    "erasure.verifying": "Reading everything again",
    "erasure.traces_forgotten": "Results and texts of queries here were cleared of them",
    "erasure.carried_out": "The work ended",
    "erasure.certified": "Certificate issued",
    "erasure.completed": "Completed",
    "erasure.partially_failed": "Something remains",
    "erasure.failed": "Given up for now",
    "erasure.rejected": "Ended: rejected",
    "erasure.stop_wanted": "Cancelled: stops after the object at hand",
    "erasure.cancelled": "Ended: cancelled",
    "erasure.expired": "Ended: nobody decided in time",
    "erasure.reminded": "Officers were reminded",
}


def sentence(action: str) -> str:
    """The action itself where nobody has written a sentence for it."""
    return SENTENCES.get(action, action)
