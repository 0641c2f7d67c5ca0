"""The walk, in a process whose settings are ``tests.contrib.allauth.settings``."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test.utils import setup_test_environment

from tests.fakes import ScriptedProvider
from tests.views.clients import Browser, back


def step_up(browser: Browser, suspended: str) -> str:
    """From allauth's redirect through the step-up; answers with where it leads."""
    page = browser.get(browser.get(suspended)["Location"])
    fields = {name: page.context["form"].initial[name] for name in ("purpose", "next")}
    assert browser.submit("/login", binding="session", **fields).status_code == 303
    return str(back(browser.client, ScriptedProvider.script)["Location"])


def main() -> None:
    setup_test_environment()
    call_command("migrate", verbosity=0)
    User.objects.create_user("alice", password="secret")
    bob = User.objects.create_user("bob", password="secret")

    browser = Browser(User.objects.get(username="alice"))
    response = browser.get("/secret")
    assert response["Location"] == "/by-network?next=%2Fsecret", response["Location"]
    done = step_up(browser, response["Location"])
    assert done == "/by-network/done?next=%2Fsecret", done
    assert browser.get(done)["Location"] == "/secret"
    assert browser.get("/secret").content == b"GET "

    posting = Browser(User.objects.get(username="alice"))
    response = posting.submit("/secret", amount="7")
    assert response.status_code == 302
    assert posting.get("/by-network/done?next=/secret")["Location"].startswith("/by-network")
    posting.submit("/secret", amount="7")
    assert posting.get(step_up(posting, response["Location"])).content == b"POST 7"

    denied = Browser(User.objects.get(username="alice"))
    ScriptedProvider.script.verified = False
    step_up(denied, denied.get("/secret")["Location"])
    assert denied.get("/secret").status_code == 302
    checked = Browser(User.objects.get(username="alice"))
    ScriptedProvider.script.verified = True
    checked.start(purpose="check")
    back(checked.client, ScriptedProvider.script)
    assert checked.get("/secret").status_code == 302

    other = Browser(bob).get("/secret")
    assert other["Location"].startswith("/accounts/reauthenticate/"), other["Location"]
