from django.apps import AppConfig


class SecretsConfig(AppConfig):
    name = "governance.secrets"
    label = "secrets"
    verbose_name = "Secrets"
