"""Analytics: engines, queries, results and dashboards, under the namespace's own permissions.

A query enters at `services/queries.py` `submit()`, whichever entrance it came by. Start reading
at `domain/queries.py`, then `ports.py` (what an engine, a guard and a sink must do), then
`services/queries.py` and `adapters/duckdb_engine.py`.
"""
