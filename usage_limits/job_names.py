"""Names of the jobs of usage limits, shared by services and tasks."""

DELIVER_ALERT = "usage_limits.deliver_alert"
TEND = "usage_limits.tend"
TEND_NAMESPACE = "usage_limits.tend_namespace"
