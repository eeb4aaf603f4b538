"""Deciding on an erasure when things go wrong: a scanner, the requester, a change, a lock, time.

One story over a local folder and an S3 bucket with object lock. The mail server, the store and
the browser are real; people act by the links that they were sent.
"""

from collections.abc import Iterator

import pytest

from tests.journeys import browsers, service as services
from tests.journeys.chapters import deciding, traces
from tests.journeys.chapters.deciding import Archive
from tests.journeys.stage import Scene
from tests.servers import mail
from tests.servers.requirements import miss_service
from tests.servers.seaweedfs import S3Store


@pytest.fixture
def archive(s3_store: S3Store) -> Archive:
    return Archive(store=s3_store)


@pytest.fixture
def scene(archive: Archive) -> Iterator[Scene]:
    if browsers.program() is None:
        miss_service("Chromium", reason="install the Debian package chromium")
    with mail.running() as post, browsers.chromium() as browser:
        address = f"smtp://{post.host}:{post.port}"
        allowed = archive.store.endpoint_url
        with services.running(DEMO="0", EMAIL_URL=address, S3_ENDPOINTS=allowed) as service:
            yield Scene(service=service, mail=post, browser=browser)


def test_deciding_on_erasures(scene: Scene, archive: Archive) -> None:
    deciding.a_lake_in_two_places(scene, archive)
    request_id = deciding.ivan_asks(scene, who=deciding.DORA, reference="Ticket 2001")
    deciding.a_scanner_follows_the_mail(scene, request_id)
    deciding.ivan_may_not_decide_as_an_officer_either(scene, request_id)
    deciding.olga_reads_while_somebody_writes(scene, request_id)
    deciding.a_lock_keeps_a_part(scene, archive, request_id)
    deciding.the_rest_is_done_when_the_lock_is_lifted(scene, archive, request_id)
    deciding.what_nobody_decides_expires(scene)
    traces.nothing_names(scene, deciding.DORA, but_kept="Ticket 2001", request_id=request_id)
    assert scene.faults() == []
