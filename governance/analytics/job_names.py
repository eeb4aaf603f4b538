"""Names of the jobs that `tasks.py` does."""

RUN_QUERY = "analytics.run_query"
SWEEP_RESULTS = "analytics.sweep_results"
