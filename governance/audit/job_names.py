"""Names of the Celery tasks that the audit has."""

SEAL = "audit.seal"
