from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "governance.analytics"
    label = "analytics"
    verbose_name = "Analytics"
