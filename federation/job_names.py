"""Names of the jobs of federation, shared by services and tasks."""

TEND_PROVIDERS = "federation.tend_providers"
TEND_PROVIDERS_OF_NAMESPACE = "federation.tend_providers_of_namespace"
REFRESH_METADATA = "federation.refresh_metadata"
