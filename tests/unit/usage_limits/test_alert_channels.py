"""Who can be told, and of what."""

import pytest

from usage_limits.domain import channels
from usage_limits.domain.breaches import AlertEvent
from usage_limits.domain.channels import Channel, ChannelKind


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (ChannelKind.EMAIL, "ivan@customer.example"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example/lakewarden"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example:8443/x?y=1"),
    ],
)
def test_a_target_of_the_right_shape_is_accepted(kind: ChannelKind, target: str) -> None:
    channels.check_channel(Channel(kind=kind, target=target))


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (ChannelKind.EMAIL, "ivan"),
        (ChannelKind.EMAIL, "ivan@customer.example\nBcc: eve@other.example"),
        (ChannelKind.EMAIL, "Ivan <ivan@customer.example>"),
        (ChannelKind.WEBHOOK, "http://hooks.customer.example/"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example:22/"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example:0/"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example:99999/"),
        (ChannelKind.WEBHOOK, "https://ivan:secret@hooks.customer.example/"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example/#part"),
        (ChannelKind.WEBHOOK, "https:///path"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example/a b"),
        (ChannelKind.WEBHOOK, "https://hooks.customer.example/" + "x" * 2000),
        (ChannelKind.WEBHOOK, "https://[::1/"),
    ],
)
def test_any_other_target_is_refused(kind: ChannelKind, target: str) -> None:
    with pytest.raises(channels.ChannelInvalid) as refused:
        channels.check_channel(Channel(kind=kind, target=target))

    assert [error.pointer for error in refused.value.errors] == ["/target"]


def test_a_channel_without_events_wants_all_of_them() -> None:
    everything = Channel(kind=ChannelKind.EMAIL, target="ivan@customer.example")
    narrow = Channel(
        kind=ChannelKind.EMAIL, target="ivan@customer.example", events=(AlertEvent.REACHED,)
    )

    assert everything.wants(AlertEvent.THRESHOLD)
    assert narrow.wants(AlertEvent.REACHED)
    assert not narrow.wants(AlertEvent.THRESHOLD)
    assert narrow.wants(AlertEvent.TEST)
