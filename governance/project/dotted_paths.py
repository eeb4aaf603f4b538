"""What the platform calls by dotted path: what stands above a room is named, not imported."""

# Functions (request) -> Attention rows of the admin's first page: see adminsite/attention.py.
ADMIN_ATTENTION = [
    "governance.adminsite.admin.warnings.given_up",
    "governance.project.attention.erasures_waiting",
    "governance.project.attention.certificates_ending",
    "governance.project.attention.limits_near",
    "usage_limits.admin.attention.disabled",
]
ADMIN_GLANCES = [
    "governance.project.glances.limits",
    "governance.project.glances.queries",
    "governance.project.glances.sign_ins",
    "governance.project.glances.erasures",
]
# Kinds of engines, and the factory of each.
ANALYTICS_ENGINES = {
    "duckdb": "governance.analytics.adapters.duckdb_engine.build",
    "hiveserver2": "governance.analytics.adapters.hive.engine.build",
}
