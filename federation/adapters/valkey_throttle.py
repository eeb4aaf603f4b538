"""The throttle of sign-ins in Valkey (or Redis): each decision is one atomic script.

Counters that cannot be read let nobody in: a guesser must not gain by taking them down.
"""

import time
from typing import Any

import redis

from federation.domain.attempts import Attempt, Budget
from federation.domain.directories import Reason, SignInRefused, SignInsExhausted
from governance.kernel.refusals import Unavailable

PREFIX = "lakewarden:directory-sign-ins"
PAUSE_SECONDS = 0.02
# A try that its process never ended is forgotten after this.
STALE_SECONDS = 60

ADMIT = """
local failures = tonumber(redis.call('GET', KEYS[1]) or '0')
if redis.call('EXISTS', KEYS[2]) == 1 then return 'repeated' end
if failures >= tonumber(ARGV[1]) then return 'exhausted' end
if tonumber(redis.call('GET', KEYS[4]) or '0') >= tonumber(ARGV[2]) then return 'exhausted' end
local now = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now[1] - ARGV[3])
if failures + redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[1]) then return 'wait' end
redis.call('ZADD', KEYS[3], now[1], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return 'go'
"""

FAILED = """
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], '1', 'EX', ARGV[3])
if redis.call('INCR', KEYS[4]) == 1 then redis.call('EXPIRE', KEYS[4], ARGV[2]) end
return 1
"""


class CountersUnavailable(Unavailable):
    code = "sign_in_counters_unavailable"
    sentence = "Sign-ins cannot be counted now, so none is let in. Try again later."
    retry_after_seconds = 10


class ValkeyThrottle:
    """One for all processes of an installation: they share the counters."""

    def __init__(self, *, client: redis.Redis, budget: Budget) -> None:
        self._client = client
        self._budget = budget
        self._admit: Any = client.register_script(ADMIT)
        self._failed: Any = client.register_script(FAILED)

    def admit(self, *, attempt: Attempt) -> None:
        budget = self._budget
        ends_at = time.monotonic() + budget.wait_seconds
        arguments: list[str | int] = [
            budget.per_account,
            budget.per_network,
            STALE_SECONDS,
            attempt.ticket,
        ]
        while True:
            match self._run(self._admit, attempt, arguments):
                case b"go":
                    return
                case b"repeated":
                    raise SignInRefused(Reason.REPEATED_PASSWORD)
                case b"wait" if time.monotonic() < ends_at:
                    # Others of this account are being tried: how they end decides about us.
                    time.sleep(PAUSE_SECONDS)
                case _:
                    raise SignInsExhausted

    def failed(self, *, attempt: Attempt) -> None:
        budget = self._budget
        self._run(
            self._failed, attempt, [attempt.ticket, budget.window_seconds, budget.remember_seconds]
        )

    def passed(self, *, attempt: Attempt) -> None:
        failures, _, tries, _ = _keys(attempt)
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.zrem(tries, attempt.ticket)
                pipeline.delete(failures)
                pipeline.execute()
        except redis.RedisError as error:
            raise CountersUnavailable from error

    def abandoned(self, *, attempt: Attempt) -> None:
        try:
            self._client.zrem(_keys(attempt)[2], attempt.ticket)
        except redis.RedisError as error:
            raise CountersUnavailable from error

    def _run(self, script: Any, attempt: Attempt, arguments: list[str | int]) -> Any:  # noqa: ANN401 - redis-py's own
        try:
            return script(keys=_keys(attempt), args=arguments)
        except redis.RedisError as error:
            raise CountersUnavailable from error


def _keys(attempt: Attempt) -> list[str]:
    """Failures of the account, the failed password, tries under way, failures of the network."""
    account = f"{PREFIX}:{attempt.account}"
    return [
        f"{account}:failures",
        f"{account}:{attempt.password}",
        f"{account}:tries",
        f"{PREFIX}:network:{attempt.network}",
    ]
