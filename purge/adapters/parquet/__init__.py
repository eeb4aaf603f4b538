"""Parquet files: untouched row groups are copied as bytes, the touched ones re-encoded."""
