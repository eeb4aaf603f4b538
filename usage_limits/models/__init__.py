"""Tables of usage limits: limits, counters, ledger, credits, workload rules, alert channels."""

from usage_limits.models.channels import AlertChannel, AlertDelivery
from usage_limits.models.credits import CreditUse, MainPoolHour
from usage_limits.models.ledger import Reservation, UsageControlLogEntry, UsageEntry
from usage_limits.models.limits import LimitCounter, UsageGate, UsageLimit
from usage_limits.models.rules import WorkloadRule, WorkloadRuleMatch

__all__ = [
    "AlertChannel",
    "AlertDelivery",
    "CreditUse",
    "LimitCounter",
    "MainPoolHour",
    "Reservation",
    "UsageControlLogEntry",
    "UsageEntry",
    "UsageGate",
    "UsageLimit",
    "WorkloadRule",
    "WorkloadRuleMatch",
]
