"""Admin pages of usage limits."""

from usage_limits.admin import channels, limits, logs, rules

__all__ = ["channels", "limits", "logs", "rules"]
