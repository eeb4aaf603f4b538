"""Examples of engines, tables, queries and dashboards, by the schema's component."""

from typing import Any

SQL = "SELECT carrier, count(*) AS flights FROM flights GROUP BY carrier"

EXAMPLES: dict[str, Any] = {
    "EngineInRequest": {
        "name": "cluster",
        "kind": "hiveserver2",
        "options": {
            "host": "spark.acme.example",
            "username": "lakewarden",
            "lake_url": "s3a://acme-lake/tables",
            "timeout_seconds": 900,
        },
        "credentials": "the password",
        "pool": "main",
        "databases": ["default"],
        "enabled": True,
    },
    "LakeTableInRequest": {
        "database": "default",
        "name": "departures",
        "location": "flights/",
        "format": "parquet",
        "description": "Departures from New York.",
    },
    "LakeViewInRequest": {
        "database": "default",
        "name": "late_flights",
        "sql": "SELECT * FROM flights WHERE dep_delay > 60",
        "description": "More than an hour late.",
    },
    "QueryInRequest": {
        "sql": "SELECT count(*) FROM flights WHERE carrier = :carrier",
        "parameters": {"carrier": "UA"},
        "database": "default",
    },
    "DashboardInRequest": {
        "slug": "leaving-new-york",
        "title": "Leaving New York",
        "description": "Who flies, and how late.",
        "refresh_minutes": 60,
        "queries": [{"title": "Flights", "sql": SQL, "chart": "bar"}],
        "shared_with": ["reader"],
    },
}
