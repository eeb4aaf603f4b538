"""Two lanes, so that work of minutes never makes an email or an alert wait."""

from enum import StrEnum


class Lane(StrEnum):
    """A lane is a queue of the broker with workers of its own. Emails take the short one."""

    SHORT = "short"
    LONG = "long"
