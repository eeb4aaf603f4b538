from django.apps import AppConfig


class IsolationConfig(AppConfig):
    name = "governance.isolation"
    label = "isolation"
    verbose_name = "Isolation"
