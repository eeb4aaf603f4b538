"""What a story plays on: the service, the company's own servers, and people at browsers."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from governance.project.demo.derive_lake import LAKE
from tests.journeys import browsers, service as services
from tests.journeys.admin_pages import Admin
from tests.journeys.browsers import Person
from tests.journeys.service import Service
from tests.servers import mail, simplesamlphp, slapd
from tests.servers.mail import MailServer
from tests.servers.simplesamlphp import SimpleSAMLphp
from tests.servers.slapd import Slapd
from tests.waiting import eventually

NAMESPACE = "default"


@dataclass(kw_only=True)
class Scene:
    """The service, mail and people. `passwords` are the one-time ones that people were handed."""

    service: Service
    mail: MailServer
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return self.service.origin

    @property
    def portal(self) -> str:
        return f"{self.origin}/n/{NAMESPACE}"

    @property
    def own_hosts(self) -> frozenset[str]:
        """Which hosts a page may ask for something."""
        return frozenset({urlsplit(self.origin).netloc})

    def person(self, name: str) -> Person:
        """Somebody at a browser of their own, the same each time they are asked for."""
        if name not in self.people:
            hosts = self.own_hosts
            self.people[name] = browsers.somebody(self.browser, name=name, own_hosts=hosts)
        return self.people[name]

    def admin(self, name: str) -> Admin:
        return Admin(self.person(name), self.origin)

    def letter(self, *, to: str, about: str) -> EmailMessage:
        """The newest email to that address whose subject has these words; waits for it."""

        def found() -> EmailMessage | None:
            return next(
                (
                    each
                    for each in reversed(self.mail.received)
                    if to in str(each["To"]) and about.lower() in str(each["Subject"]).lower()
                ),
                None,
            )

        letter = eventually(found, what=f"an email to {to} about {about}")
        assert letter is not None
        return letter

    def link_in(self, letter: EmailMessage) -> str:
        """The first address of ours in a letter's text."""
        body = letter.get_body(preferencelist=("plain",))
        text = "" if body is None else str(body.get_content())
        found = re.search(rf"{re.escape(self.origin)}/\S+", text)
        assert found is not None, text
        return found[0]

    def faults(self) -> list[str]:
        return [f"{who}: {fault}" for who, one in self.people.items() for fault in one.faults]


@dataclass(kw_only=True)
class Stage(Scene):
    """With the company's own identity provider and directory."""

    idp: SimpleSAMLphp
    directory: Slapd

    @property
    def own_hosts(self) -> frozenset[str]:
        return super().own_hosts | {urlsplit(self.idp.base).netloc}


@contextmanager
def set_up() -> Iterator[Stage]:
    """An empty installation; the company has a lake, a mail server, an IdP and a directory."""
    with ExitStack() as stack:
        post = stack.enter_context(mail.running())
        idp = stack.enter_context(simplesamlphp.running())
        directory = stack.enter_context(slapd.running())
        address = f"smtp://{post.host}:{post.port}"
        service = stack.enter_context(services.running(DEMO="0", EMAIL_URL=address))
        shutil.copytree(LAKE, service.lake / NAMESPACE)
        browser = stack.enter_context(browsers.chromium())
        yield Stage(service=service, mail=post, browser=browser, idp=idp, directory=directory)
