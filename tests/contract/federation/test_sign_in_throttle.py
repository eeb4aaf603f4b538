"""What every throttle of sign-ins must do: the fake, and the one in a real Valkey."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
import redis

from federation.adapters.valkey_throttle import CountersUnavailable, ValkeyThrottle
from federation.domain.attempts import Attempt, Budget
from federation.domain.directories import Reason, SignInRefused, SignInsExhausted
from federation.ports import SignInThrottle
from governance.kernel.refusals import Unavailable
from tests.fakes.directory import FakeThrottle

BUDGET = Budget(
    per_account=3, per_network=5, window_seconds=60, remember_seconds=60, wait_seconds=0.3
)


@pytest.fixture(params=["fake", "valkey"])
def throttle(request: pytest.FixtureRequest) -> SignInThrottle:
    if request.param == "fake":
        return FakeThrottle(budget=BUDGET)
    client = redis.Redis.from_url(request.getfixturevalue("redis_url"))
    return ValkeyThrottle(client=client, budget=BUDGET)


@pytest.fixture
def try_as() -> Callable[..., Attempt]:
    """Attempts of a fresh account and network, unless they are named."""
    account, network = uuid4().hex, uuid4().hex

    def attempt(
        password: str | None = None, *, account: str = account, network: str = network
    ) -> Attempt:
        return Attempt(
            account=account,
            password=password or uuid4().hex,
            network=network,
            ticket=uuid4().hex,
        )

    return attempt


TryAs = Callable[..., Attempt]


def fail(throttle: SignInThrottle, attempt: Attempt) -> None:
    throttle.admit(attempt=attempt)
    throttle.failed(attempt=attempt)


def test_failures_up_to_the_budget_are_borne(throttle: SignInThrottle, try_as: TryAs) -> None:
    for _ in range(3):
        fail(throttle, try_as())

    with pytest.raises(SignInsExhausted):
        throttle.admit(attempt=try_as())


def test_another_account_is_not_touched(throttle: SignInThrottle, try_as: TryAs) -> None:
    for _ in range(3):
        fail(throttle, try_as())

    throttle.admit(attempt=try_as(account=uuid4().hex))


def test_a_success_begins_anew(throttle: SignInThrottle, try_as: TryAs) -> None:
    for _ in range(2):
        fail(throttle, try_as())
    good = try_as()
    throttle.admit(attempt=good)
    throttle.passed(attempt=good)

    for _ in range(2):
        fail(throttle, try_as())
    throttle.admit(attempt=try_as())


def test_the_same_wrong_password_is_asked_once(throttle: SignInThrottle, try_as: TryAs) -> None:
    fail(throttle, try_as("old"))

    for _ in range(10):
        with pytest.raises(SignInRefused) as caught:
            throttle.admit(attempt=try_as("old"))
        assert caught.value.reason is Reason.REPEATED_PASSWORD
    throttle.admit(attempt=try_as("new"))


def test_a_network_has_a_budget_over_all_accounts(throttle: SignInThrottle, try_as: TryAs) -> None:
    for _ in range(5):
        fail(throttle, try_as(account=uuid4().hex))

    with pytest.raises(SignInsExhausted):
        throttle.admit(attempt=try_as(account=uuid4().hex))
    throttle.admit(attempt=try_as(network=uuid4().hex))


def test_no_answer_counts_for_nothing(throttle: SignInThrottle, try_as: TryAs) -> None:
    for _ in range(10):
        attempt = try_as()
        throttle.admit(attempt=attempt)
        throttle.abandoned(attempt=attempt)

    throttle.admit(attempt=try_as())


def test_tries_under_way_count_as_failures(throttle: SignInThrottle, try_as: TryAs) -> None:
    under_way = [try_as() for _ in range(3)]
    for attempt in under_way:
        throttle.admit(attempt=attempt)

    with pytest.raises(SignInsExhausted):
        throttle.admit(attempt=try_as())
    throttle.abandoned(attempt=under_way[0])
    throttle.admit(attempt=try_as())


def test_parallel_wrong_tries_do_not_pass_the_budget(redis_url: str, try_as: TryAs) -> None:
    throttle = ValkeyThrottle(client=redis.Redis.from_url(redis_url), budget=BUDGET)
    admitted: list[Attempt] = []

    def guess() -> None:
        attempt = try_as(network=uuid4().hex)
        try:
            throttle.admit(attempt=attempt)
        except SignInsExhausted:
            return
        admitted.append(attempt)
        throttle.failed(attempt=attempt)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(admitted) == 3


def test_counters_that_are_down_let_nobody_in(try_as: TryAs) -> None:
    throttle = ValkeyThrottle(client=redis.Redis(host="127.0.0.1", port=1), budget=BUDGET)

    with pytest.raises(CountersUnavailable) as caught:
        throttle.admit(attempt=try_as())

    assert isinstance(caught.value, Unavailable)
