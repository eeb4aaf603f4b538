"""Names of the jobs of federation, shared by services and tasks."""

KEEP_HOUSE = "federation.keep_house"
KEEP_HOUSE_OF_NAMESPACE = "federation.keep_house_of_namespace"
REFRESH_METADATA = "federation.refresh_metadata"
