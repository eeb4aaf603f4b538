"""ORC files: read by stripes, re-encoded where records are cut out."""
