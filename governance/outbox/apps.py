from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "governance.outbox"
    label = "outbox"
    verbose_name = "Outbox"
