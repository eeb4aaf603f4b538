"""REST of analytics: engines, the catalogue, queries, dashboards."""
