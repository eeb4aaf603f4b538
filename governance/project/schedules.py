"""What happens by itself, and how often. Any number of beats may ring: a period's slot is one row.

A job that a namespace's data calls for is not here: it is a row of the outbox with `due_at`.
"""

from dataclasses import dataclass
from typing import Any

from federation import job_names as federation_jobs
from governance.analytics import job_names as analytics_jobs
from governance.audit import job_names as audit_jobs
from governance.outbox import job_names as outbox_jobs
from governance.project import job_names as project_jobs
from governance.restapi import job_names as restapi_jobs
from purge import job_names as purge_jobs
from usage_limits import job_names as usage_jobs

# Beat rings at least this often, so that a beat that was away catches up at once, and at least
# twice a period, so that no period falls between two rings.
LONGEST_SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job of the outbox that is written once in each period of so many seconds."""

    job: str
    seconds: int


# One line each, by app.
PERIODIC: tuple[Periodic, ...] = (
    Periodic(job=restapi_jobs.SWEEP_ANSWERS, seconds=3600),
    Periodic(job=analytics_jobs.SWEEP_RESULTS, seconds=600),
    Periodic(job=usage_jobs.KEEP_HOUSE, seconds=60),
    Periodic(job=federation_jobs.KEEP_HOUSE, seconds=3600),
    Periodic(job=purge_jobs.KEEP_HOUSE, seconds=3600),
    Periodic(job=purge_jobs.WATCH, seconds=30),
    Periodic(job=project_jobs.ANCHOR_AUDIT, seconds=3600),
)

# Rings of the platform's own, which keep no slot: doing them twice costs nothing.
RINGS: dict[str, float] = {outbox_jobs.SWEEP: 2.0, audit_jobs.SEAL: 1.0}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """What Celery's beat is given."""
    rings: dict[str, dict[str, Any]] = {
        name: {"task": name, "schedule": seconds, "options": {"expires": 10 * seconds}}
        for name, seconds in RINGS.items()
    }
    ticks: dict[str, dict[str, Any]] = {
        f"tick {periodic.job}": {
            "task": outbox_jobs.TICK,
            "schedule": min(periodic.seconds / 2, LONGEST_SILENCE_SECONDS),
            "kwargs": {"name": periodic.job, "seconds": periodic.seconds},
            "options": {"expires": LONGEST_SILENCE_SECONDS},
        }
        for periodic in PERIODIC
    }
    return rings | ticks
