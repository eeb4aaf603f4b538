from django.apps import AppConfig


class PurgeConfig(AppConfig):
    name = "purge"
    label = "purge"
    verbose_name = "Erasure"
