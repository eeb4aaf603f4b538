"""Headless Chromium for the journeys, and screenshots of what a person saw.

`JOURNEY_SCREENSHOTS=folder` keeps a picture of each step, in light and dark, wide and narrow.
Every page fails the journey that logs an error, breaks the content security policy, raises in a
script or asks another host for something; and each that was looked at, if a keyboard or a screen
reader cannot use it, or a phone has to scroll it sideways.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1280, "height": 860}
NARROW = {"width": 390, "height": 844}
# The admin chooses its theme when it loads; a page that answers a form cannot be loaded again.
DARKEN = """dark => location.pathname.startsWith('/admin/')
    && document.documentElement.classList.toggle('dark', dark)"""
# Of our own pages: what has no name for a screen reader, and what has no place for it to begin at.
LACKING = """() => {
    const ours = 'link[href*="lakewarden"], link[href*="adminsite/admin"]';
    if (!document.querySelector(ours)) return [];
    const shown = each => each.getClientRects().length > 0;
    const named = each => (each.getAttribute('aria-label') || each.getAttribute('title')
        || each.getAttribute('aria-labelledby') || each.labels?.length
        || (each.tagName !== 'SELECT' && each.textContent?.trim())
        || each.querySelector('img[alt]:not([alt=""]), [title], title'));
    const all = selector => [...document.querySelectorAll(selector)].filter(shown);
    const begin = each => each.outerHTML.slice(0, 160);
    return [
        ...(document.documentElement.lang ? [] : ['no language']),
        ...(all('main').length === 1 ? [] : ['not one main part']),
        ...(all('h1').length ? [] : ['no heading']),
        ...all('input:not([type=hidden]), select, textarea, button, a[href], summary')
            .filter(each => !named(each) && !each.closest('[aria-hidden=true]'))
            .map(each => 'no name: ' + begin(each)),
        ...all('img:not([alt])').map(each => 'no words for ' + begin(each)),
    ];
}"""
PATIENCE_MILLISECONDS = 15_000
LOOKS: tuple[tuple[str, Literal["light", "dark"], dict[str, int]], ...] = (
    ("light-wide", "light", WIDE),
    ("dark-wide", "dark", WIDE),
    ("light-narrow", "light", NARROW),
    ("dark-narrow", "dark", NARROW),
)


def program() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Person:
    """Somebody at a browser of their own. `faults` is what their pages complained about."""

    name: str
    page: Page
    own_hosts: frozenset[str]
    faults: list[str] = field(default_factory=list)
    shots: int = 0

    def watch(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._asked)

    def see(self, what: str) -> None:
        """Look the page over; keep a picture of it, if pictures are wanted."""
        self._look_over(what)
        folder = os.environ.get("JOURNEY_SCREENSHOTS")
        if not folder:
            return
        self.shots += 1
        self.page.evaluate("scrollTo(0, 0)")
        for look, scheme, size in LOOKS:
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate(DARKEN, scheme == "dark")
            self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            self.page.wait_for_timeout(150)
            name = f"{self.name}-{self.shots:02}-{what.replace(' ', '-')}.{look}.png"
            self.page.screenshot(path=Path(folder) / name, full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.evaluate(DARKEN, arg=False)
        self.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})

    def _look_over(self, what: str) -> None:
        self.faults += [f"{what}: {lack}" for lack in self.page.evaluate(LACKING)]
        self.page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
        if wide > NARROW["width"]:
            self.faults.append(f"{what}: {wide} wide on a phone ({self.page.url})")

    def _heard(self, message: ConsoleMessage) -> None:
        # A refusal's status is logged as an error of loading; the page itself is asserted on.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text} ({self.page.url})")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.netloc not in self.own_hosts:
            self.faults.append(f"asked {address.netloc} ({self.page.url})")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(), headless=True, args=list(FLAGS)
        )
        yield browser
        browser.close()


def somebody(browser: Browser, *, name: str, own_hosts: frozenset[str]) -> Person:
    context = browser.new_context(viewport={"width": WIDE["width"], "height": WIDE["height"]})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    person = Person(name=name, page=context.new_page(), own_hosts=own_hosts)
    person.watch()
    return person
