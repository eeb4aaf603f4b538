"""Buckets of Amazon S3, and of what speaks like it, as a storage layer."""
