"""Names of the REST API's own jobs."""

SWEEP_ANSWERS = "restapi.sweep_answers"
