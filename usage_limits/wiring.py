"""Port to adapter: what the settings of analytics and the portal name, and our own clients."""

from governance.analytics.ports import QueryGuard, UsageSink
from governance.portal.ports import UsagePanel
from usage_limits.adapters.egress_webhook_client import EgressWebhookClient
from usage_limits.ports import WebhookClient
from usage_limits.services.query_guards import UsageGuard, UsageLedgerSink
from usage_limits.services.usage_panels import LimitsPanel


def query_guard() -> QueryGuard:
    return UsageGuard()


def usage_sink() -> UsageSink:
    return UsageLedgerSink()


def usage_panel() -> UsagePanel:
    return LimitsPanel()


def webhook_client() -> WebhookClient:
    return EgressWebhookClient()
