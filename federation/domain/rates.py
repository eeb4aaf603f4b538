"""How many requests the doors of single sign-on bear, before anything of them is read."""

from dataclasses import dataclass

from governance.kernel.refusals import Exhausted

WINDOW_SECONDS = 60


class RequestsExhausted(Exhausted):
    """Says nothing of whose budget it was: a stranger need not know how busy a provider is."""

    code = "saml_too_many_requests"
    sentence = "Too many sign-ins are under way here. Wait {seconds} seconds and begin again."
    check = "rate"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.retry_after_seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBudget:
    """Requests in a minute: of one network to one kind of door, and to one provider's door."""

    per_network: int
    per_provider: int


# Searches for unknown keys in a minute. A provider's own pause bounds what all cause together.
KEY_SEARCHES = RequestBudget(per_network=4, per_provider=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One request. `door` is the last word of its address, `network` as `attempts` knows it.

    `keys` is no address: a search for the keys of a provider.
    """

    door: str
    namespace: str
    provider: str
    network: str
