"""Names of the jobs of usage limits, shared by services and tasks."""

DELIVER_ALERT = "usage_limits.deliver_alert"
KEEP_HOUSE = "usage_limits.keep_house"
KEEP_HOUSE_OF_NAMESPACE = "usage_limits.keep_house_of_namespace"
