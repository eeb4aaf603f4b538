"""The budget of requests in Valkey (or Redis): one atomic script over fixed minutes.

Counters that cannot be read let nobody in, as with passwords: otherwise whoever can take them
down has no limit (docs/single-sign-on.md, "A flood of requests").
"""

from typing import Any

import redis

from federation.adapters.valkey_throttle import CountersUnavailable
from federation.domain.digests import digest_of
from federation.domain.rates import WINDOW_SECONDS, Knock, RequestBudget, RequestsExhausted

PREFIX = "lakewarden:saml-requests"

# The network is asked first: over its budget, it uses up nothing of the provider's.
TAKE = """
for index, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('EXPIRE', key, ARGV[3]) end
  if count > tonumber(ARGV[index]) then return redis.call('TTL', key) end
end
return 0
"""


class ValkeyRequestThrottle:
    """One for all processes of an installation: they share the counters."""

    def __init__(self, *, client: redis.Redis, budget: RequestBudget) -> None:
        self._budget = budget
        self._take: Any = client.register_script(TAKE)

    def take(self, *, knock: Knock) -> None:
        limits = [self._budget.per_network, self._budget.per_provider, WINDOW_SECONDS]
        try:
            seconds = int(self._take(keys=_keys(knock), args=limits))
        except redis.RedisError as error:
            raise CountersUnavailable from error
        if seconds:
            raise RequestsExhausted(seconds=max(1, seconds))


def _keys(knock: Knock) -> list[str]:
    """What stands in an address is a stranger's text of any length: its digest is the key."""
    address = f"{len(knock.namespace)}:{knock.namespace}{knock.provider}"
    return [
        f"{PREFIX}:{knock.door}:network:{knock.network}",
        f"{PREFIX}:{knock.door}:provider:{digest_of(address)}",
    ]
