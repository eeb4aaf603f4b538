"""Names of the jobs of the composition root."""

ANCHOR_AUDIT = "project.anchor_audit"
