"""Use cases of analytics: engines, the catalogue, queries and their runs, results, dashboards."""
