"""Names of the Celery tasks that the outbox itself has."""

DELIVER = "outbox.deliver"
SWEEP = "outbox.sweep"
TICK = "outbox.tick"
