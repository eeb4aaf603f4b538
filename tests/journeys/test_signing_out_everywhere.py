"""In and out through a real browser, with its content policy: by a form, and out at both sides.

The service as `make run` runs it, and SimpleSAMLphp, which knows it by its own metadata.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.journeys import browsers, service as services
from tests.journeys.browsers import Person
from tests.journeys.chapters.federation import answer_simplesamlphp
from tests.journeys.service import Service
from tests.servers import simplesamlphp
from tests.servers.requirements import miss_service
from tests.servers.simplesamlphp import SimpleSAMLphp

BASE = "/saml/default/Company"
TIMEOUT = 60


@dataclass
class Stage:
    service: Service
    idp: SimpleSAMLphp
    browser: Browser
    token: str = field(repr=False)

    def send(self, method: str, path: str, values: dict[str, Any]) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.service.origin}/api/v1/namespaces/default/{path}/",
            json=values,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=TIMEOUT,
        )
        assert answer.ok, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def somebody(self, name: str) -> Person:
        hosts = frozenset(
            {self.service.origin.removeprefix("http://"), self.idp.base.removeprefix("http://")}
        )
        return browsers.somebody(self.browser, name=name, own_hosts=hosts)

    def signed_in(self, name: str) -> Person:
        """Through a page that posts its form by itself."""
        person = self.somebody(name)
        person.page.goto(f"{self.service.origin}{BASE}/login/?next=/n/default/")
        answer_simplesamlphp(person.page, name)
        expect(person.page).to_have_url(f"{self.service.origin}/n/default/")
        return person


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if browsers.program() is None:
        miss_service("Chromium", reason="install the Debian package chromium")
    if not simplesamlphp.is_installed():
        miss_service("SimpleSAMLphp", reason="install the Debian package simplesamlphp")
    with (
        simplesamlphp.running() as idp,
        services.running(DEMO="0") as service,
        browsers.chromium() as browser,
    ):
        scopes = "--scopes=federation:read,federation:write"
        token = service.manage("create_token", "journey", "--namespace=default", scopes)
        made = Stage(service, idp, browser, token)
        _connect(made)
        yield made


def _connect(stage: Stage) -> None:
    """Signed requests by form, encrypted assertions, signed logouts, one rule of one role."""
    provider = stage.send(
        "POST",
        "identity-providers",
        {
            "name": "Company",
            "metadata_xml": requests.get(stage.idp.metadata_url, timeout=TIMEOUT).text,
            "sign_requests": True,
            "request_binding": "post",
            "want_assertions_encrypted": True,
            "enabled": True,
        },
    )
    arn = str(provider["arn"])
    rule = {"identity_provider": provider["id"]}
    value = f"arn:aws:iam::{arn.split(':')[4]}:role/author,{arn}"
    stage.send("POST", "claim-rules", rule | {"claim": "Role", "value": value})
    name = {"function": "ExtractMailPrefix", "parameters": ["user.userprincipalname"]}
    stage.send(
        "POST",
        "claim-rules",
        rule | {"claim": "RoleSessionName", "source": "transformation", "transformations": [name]},
    )
    address = f"{stage.service.origin}{BASE}/metadata/"
    stage.idp.import_service(
        entity_id=address,
        metadata=requests.get(address, timeout=TIMEOUT).text,
        **{
            "assertion.encryption": True,
            "validate.authnrequest": True,
            "validate.logout": True,
            "redirect.validate": True,
            "sign.logout": True,
        },
    )


def is_signed_in_there(person: Person, stage: Stage) -> bool:
    """Whether the provider answers without asking for a password."""
    person.page.goto(f"{stage.service.origin}{BASE}/login/?next=/n/default/")
    person.page.wait_for_load_state("networkidle")
    return person.page.locator("input[name=password]").count() == 0


def test_signing_out_here_ends_at_a_page_that_says_what_happened_there(stage: Stage) -> None:
    ann = stage.signed_in("ann")

    ann.page.get_by_role("button", name="Sign out").click()

    expect(ann.page.get_by_text("signed you out as well")).to_be_visible()
    ann.see("signed out at both sides")
    assert not is_signed_in_there(ann, stage)
    assert ann.faults == []


def test_signing_out_there_signs_out_here(stage: Stage) -> None:
    joe = stage.signed_in("joe")

    joe.page.goto(f"{stage.idp.base}/saml2/idp/SingleLogoutService.php?ReturnTo={stage.idp.base}/")
    joe.page.wait_for_load_state("networkidle")
    joe.page.goto(f"{stage.service.origin}/n/default/")

    expect(joe.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert joe.faults == []


def test_a_provider_that_is_gone_leaves_the_person_signed_out_here(stage: Stage) -> None:
    bob = stage.signed_in("bob")
    gone = f"{stage.idp.base}/saml2/idp/SingleLogoutService.php*"
    bob.page.route(gone, lambda route: route.abort())

    bob.page.get_by_role("button", name="Sign out").click()
    bob.page.wait_for_timeout(1_000)
    bob.page.goto(f"{stage.service.origin}/n/default/")

    expect(bob.page.get_by_role("heading", name="Sign in")).to_be_visible()
