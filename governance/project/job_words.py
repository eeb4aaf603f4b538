"""What each job is called in the admin, and which of them are housekeeping."""

from federation import job_names as federation_jobs
from governance.analytics import job_names as analytics_jobs
from governance.project import job_names as project_jobs
from governance.project.schedules import PERIODIC
from governance.restapi import job_names as restapi_jobs
from purge import job_names as purge_jobs
from usage_limits import job_names as usage_jobs

TITLES = {
    analytics_jobs.RUN_QUERY: "Run a query",
    analytics_jobs.SWEEP_RESULTS: "Remove expired query results",
    federation_jobs.REFRESH_METADATA: "Refresh a provider's metadata",
    federation_jobs.KEEP_HOUSE: "Look after identity providers",
    federation_jobs.KEEP_HOUSE_OF_NAMESPACE: "Look after a namespace's identity providers",
    project_jobs.ANCHOR_AUDIT: "Write down the heads of the audit trail",
    purge_jobs.ASK_OFFICERS: "Ask officers to decide on an erasure",
    purge_jobs.CAME_BACK: "Tell officers of an erased person who came back",
    purge_jobs.ERASE: "Erase records",
    purge_jobs.FOLLOW: "Bring the index up to date with object events",
    purge_jobs.INDEX: "Index a dataset",
    purge_jobs.INDEX_PART: "Index a part of a dataset",
    purge_jobs.LOCATE: "Find the records of an erasure request",
    purge_jobs.REMIND: "Remind officers of an erasure",
    purge_jobs.TELL_CONTACT: "Tell the person what became of their request",
    purge_jobs.TELL_OUTCOME: "Tell what became of an erasure",
    purge_jobs.KEEP_HOUSE: "Look after erasures",
    purge_jobs.KEEP_HOUSE_OF_NAMESPACE: "Look after a namespace's erasures",
    purge_jobs.WATCH: "Watch folders",
    purge_jobs.WATCH_NAMESPACE: "Watch a namespace's folders",
    restapi_jobs.SWEEP_ANSWERS: "Forget old idempotency keys",
    usage_jobs.DELIVER_ALERT: "Send an alert",
    usage_jobs.KEEP_HOUSE: "Look after usage limits",
    usage_jobs.KEEP_HOUSE_OF_NAMESPACE: "Look after a namespace's usage limits",
}
HOUSEKEEPING = frozenset(one.job for one in PERIODIC) | {
    federation_jobs.KEEP_HOUSE_OF_NAMESPACE,
    purge_jobs.KEEP_HOUSE_OF_NAMESPACE,
    purge_jobs.WATCH_NAMESPACE,
    usage_jobs.KEEP_HOUSE_OF_NAMESPACE,
}
"""Happens by itself, all the time: what went well of it is of no interest."""
