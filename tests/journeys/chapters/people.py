"""The first day: the operator lets Ivan in, and makes two compliance officers."""

import re

from playwright.sync_api import expect

from tests.journeys.stage import NAMESPACE, Stage


def the_operator_lets_ivan_in(stage: Stage) -> None:
    """With the one-time password that the launcher printed; into the namespace `default`."""
    said = "\n".join(stage.service.said)
    printed = re.search(r"admin\s+password\s+(\S+)", said)
    assert printed is not None, said
    operator = stage.admin("operator")
    operator.sign_in("admin", printed[1])
    operator.person.see("overview of the platform")
    operator.person.page.goto(f"{stage.origin}/admin/namespace/")
    operator.person.see("choose a namespace")
    operator.person.page.get_by_role("button", name=re.compile(f"^{NAMESPACE}")).click()

    add_person(stage, by="operator", name="ivan", role="admin")

    stage.admin("ivan").sign_in("ivan", stage.passwords["ivan"])
    stage.person("ivan").see("overview")


def the_operator_makes_officers(stage: Stage) -> None:
    """Not Ivan: he will ask for an erasure, and whom he made an officer may not decide on it."""
    for name in ("olga", "ahmed"):
        add_person(stage, by="operator", name=name, role="officer")


def add_person(stage: Stage, *, by: str, name: str, role: str) -> None:
    admin = stage.admin(by)
    admin.start_adding("People")
    admin.fill(Login_name=name, Email=f"{name}@customer.example", Display_name=name.capitalize())
    admin.tick(role)
    admin.save()
    secret = admin.person.page.locator(".lw-secret code")
    expect(secret).to_be_visible()
    stage.passwords[name] = secret.inner_text()
    if name == "ivan":
        admin.person.see("a password that is shown once")
    admin.press("I have copied it")
