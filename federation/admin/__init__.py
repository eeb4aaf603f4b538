"""Admin pages of federation."""

from federation.admin import (
    claim_rules,
    directories,
    identity_providers,
    provisioning,
    sign_in_log,
)

__all__ = ["claim_rules", "directories", "identity_providers", "provisioning", "sign_in_log"]
