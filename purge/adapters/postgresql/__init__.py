"""PostgreSQL: as a storage layer whose tables hold records, and as the metastore index's home."""
