"""An identity provider changes its signing key while people sign in: nobody is turned away.

The service as `make run` runs it, and pysaml2 over https; the service has the provider's metadata
by its address alone. The operator allowed this machine's own network, as for any address inside.
"""

import html
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.journeys import service as services
from tests.journeys.service import Service
from tests.servers import pysaml2_idp
from tests.servers.pysaml2_idp import KEYS, PySAML2
from tests.servers.requirements import miss_service

BASE = "/saml/default/Company"
LOGIN = f"{BASE}/login/?next=/n/default/"
PEOPLE = 4
BEFORE, AFTER = 2, 4
"""How often each person signs in before the change, and after it."""
TIMEOUT = 60


@dataclass
class Stage:
    service: Service
    idp: PySAML2
    token: str = field(repr=False)

    def post(self, resource: str, values: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{self.service.origin}/api/v1/namespaces/default/{resource}/",
            json=values,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=TIMEOUT,
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def introduce(self) -> None:
        """The provider reads our metadata."""
        address = f"{self.service.origin}{BASE}/metadata/"
        self.idp.know_service(requests.get(address, timeout=TIMEOUT).text)

    def sign_in(self, person: str) -> str:
        """A fresh browser's whole way; where it lands, or what it is told."""
        with requests.Session() as browser:
            asked = browser.get(
                f"{self.service.origin}{LOGIN}", allow_redirects=False, timeout=TIMEOUT
            )
            page = requests.get(
                asked.headers["Location"],
                cookies={"person": person},
                verify=str(self.idp.authority),
                timeout=TIMEOUT,
            )
            form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
            answer = browser.post(
                f"{self.service.origin}{BASE}/acs/",
                data={name: html.unescape(value) for name, value in form.items()},
                headers={"Accept": "application/json"},
                allow_redirects=False,
                timeout=TIMEOUT,
            )
            if answer.status_code != 302:
                return answer.text
            me = browser.get(f"{self.service.origin}/api/v1/me/", timeout=TIMEOUT)
            return str(me.json().get("username"))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if not pysaml2_idp.is_installed():
        miss_service("xmlsec1", reason="install the Debian package xmlsec1")
    with (
        pysaml2_idp.running() as idp,
        services.running(
            DEMO="0",
            EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
            EGRESS_ALLOWED_PORTS=str(idp.port),
            SSL_CERT_FILE=str(idp.authority),
        ) as service,
    ):
        scopes = "--scopes=federation:read,federation:write"
        token = service.manage("create_token", "journey", "--namespace=default", scopes)
        made = Stage(service, idp, token)
        _connect(made)
        yield made


def _connect(stage: Stage) -> None:
    """By the address of the metadata; assertions must be encrypted; one rule gives one role."""
    provider = stage.post(
        "identity-providers",
        {
            "name": "Company",
            "metadata_url": stage.idp.metadata_url,
            "want_assertions_encrypted": True,
            "enabled": True,
        },
    )
    arn = str(provider["arn"])
    role = f"arn:aws:iam::{arn.split(':')[4]}:role/author"
    rule = {"identity_provider": provider["id"]}
    stage.post(
        "claim-rules",
        {**rule, "claim": "Role", "groups": ["QuickSight-Author"], "value": f"{role},{arn}"},
    )
    prefix = {"function": "ExtractMailPrefix", "parameters": ["user.userprincipalname"]}
    stage.post(
        "claim-rules",
        {
            **rule,
            "claim": "RoleSessionName",
            "source": "transformation",
            "transformations": [prefix],
        },
    )
    stage.idp.encrypt("aes-gcm")
    for number in range(PEOPLE):
        stage.idp.set_groups(f"person{number}", ["QuickSight-Author"])
    stage.introduce()


def everybody_signs_in(stage: Stage, change: threading.Event) -> Counter[str]:
    """All at once, again and again, before the change and after it; who landed as whom."""
    ready = threading.Barrier(PEOPLE + 1, timeout=TIMEOUT)

    def person(number: int) -> list[str]:
        seen = [stage.sign_in(f"person{number}") for _ in range(BEFORE)]
        ready.wait()
        # No pause here: some of these are under way while the key changes.
        return seen + [stage.sign_in(f"person{number}") for _ in range(AFTER)]

    with ThreadPoolExecutor(max_workers=PEOPLE) as pool:
        everybody = [pool.submit(person, number) for number in range(PEOPLE)]
        ready.wait()
        time.sleep(0.2)
        change.set()
        return Counter(name for each in everybody for name in each.result())


def test_nobody_is_turned_away_while_the_provider_changes_its_key(stage: Stage) -> None:
    asked_before = stage.idp.metadata_requests()
    change = threading.Event()

    def provider_changes() -> None:
        change.wait(timeout=TIMEOUT)
        # The previous key stays in the metadata for what is under way.
        stage.idp.say(signing=KEYS[1], published=[KEYS[1], KEYS[0]])

    provider = threading.Thread(target=provider_changes)
    provider.start()
    landed = everybody_signs_in(stage, change)
    provider.join()

    assert landed == {f"author/person{number}": BEFORE + AFTER for number in range(PEOPLE)}
    assert stage.idp.metadata_requests() - asked_before == 1
    row = requests.get(
        f"{stage.service.origin}/api/v1/namespaces/default/identity-providers/",
        headers={"Authorization": f"Bearer {stage.token}"},
        timeout=TIMEOUT,
    ).json()["results"][0]
    assert len(row["certificates"]) == 2
