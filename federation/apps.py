from django.apps import AppConfig
from django.core.checks import Tags, register

from federation import checks


class FederationConfig(AppConfig):
    name = "federation"
    label = "federation"
    verbose_name = "Federation"

    def ready(self) -> None:
        register(checks.identity_providers_reach_us_by_https, Tags.security, deploy=True)
