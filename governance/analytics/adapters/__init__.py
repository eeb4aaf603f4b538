"""Engines: DuckDB in locked-down processes of its own."""
