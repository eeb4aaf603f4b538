"""The same namespace, engine and table as the tests of analytics use."""

from tests.app.analytics.conftest import acme, in_acme, no_runner_is_left

__all__ = ["acme", "in_acme", "no_runner_is_left"]
