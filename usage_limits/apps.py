from django.apps import AppConfig


class UsageLimitsConfig(AppConfig):
    name = "usage_limits"
    label = "usage_limits"
    verbose_name = "Usage limits"
