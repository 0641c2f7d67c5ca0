"""The attacks, one function each: True if somebody was elevated or let in, or a secret leaked.

Every function plays the attack over HTTP and then looks for its success.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import requests
from django.contrib.auth.models import User

from numverify.models import Status
from numverify.providers.vonage import VonageNumberVerification

from .actors import JSON, OWN, Actor, Site, code_in, row, state_of, tells_something

Attack = Callable[[Site, User, pytest.LogCaptureFixture], bool]


def victim_opens_the_link(site: Site, victim: User, _: Any) -> bool:
    """T1: the attacker has the password, begins, and has the victim open the link."""
    attacker = site.browser(victim)
    started = attacker.start(purpose="step_up")
    strangers = [site.browser(), site.browser(victim)]
    strangers[1].start()
    for stranger in strangers:
        stranger.open(started["auth_url"])
    return _profits(attacker, started)


def victim_loads_the_link_as_an_image(site: Site, victim: User, _: Any) -> bool:
    """T1: the same with an image on a page that the victim visits."""
    attacker = site.browser(victim)
    started = attacker.start(purpose="step_up")
    site.browser().open(started["auth_url"], **{"Sec-Fetch-Dest": "image"})
    return _profits(attacker, started)


def victims_device_answers_an_unbound_attempt(site: Site, victim: User, _: Any) -> bool:
    """T2: the attacker begins without a session; the victim's app opens the link."""
    attacker = site.program()
    started = attacker.start()
    site.program().open(started["auth_url"])
    for guess in ("", "A", started["attempt_secret"]):
        attacker.complete(started, guess)
    statuses = {attacker.poll(started)["status"] for _ in range(100)}
    return Status.VERIFIED in statuses or attacker.is_elevated()


def victims_device_answers_a_desktop(site: Site, victim: User, _: Any) -> bool:
    """T2: the same with a session that waits for a code."""
    attacker = site.browser(victim)
    started = attacker.start(purpose="step_up", binding="completion")
    site.program().open(started["auth_url"])
    attacker.complete(started, "AAAA-AAAA")
    return _profits(attacker, started)


def a_page_reads_the_code(site: Site, victim: User, _: Any) -> bool:
    """T3: the attacker's page loads the link in the victim's browser."""
    leaks = []
    for destination in ("image", "iframe", "empty", "document"):
        started = site.program().start()
        answer = site.browser().open(started["auth_url"], **{"Sec-Fetch-Dest": destination})
        leaks.append(tells_something(answer) or "nv-code" in answer.text)
    return any(leaks)


def numbers_get_mixed(site: Site, victim: User, _: Any) -> bool:
    """T5: many at a time; somebody is asked about with another's number."""
    device = site.program()
    flows = [device.start(phone=f"+9905{number:06}2") for number in range(50)]
    callbacks = [device.to_callback(started["auth_url"]) for started in flows]
    order = [*range(0, 50, 2), *reversed(range(1, 50, 2))]
    answers = [device.get(callbacks[position]).json() for position in order]
    asked = [served for served in site.operator.served if served.call == "verify"]
    mixed = len({served.token for served in asked}) < 50
    mixed |= {served.phone for served in asked} != {f"+9905{n:06}2" for n in range(50)}
    return (
        mixed
        or any(served.phone != served.sim for served in asked)
        or not all(answer.get("devicePhoneNumberVerified") for answer in answers)
    )


def replay(site: Site, victim: User, _: Any) -> bool:
    """T6: the callback's URL, found in a log or a history, is opened again."""
    device, attacker = site.program(), site.program()
    callback = device.to_callback(device.start()["auth_url"])
    first = device.get(callback)
    assert tells_something(first)
    again = [attacker.get(callback), attacker.get(callback, Accept="text/html")]
    return any(map(tells_something, again)) or site.exchanges > 1


def look_ahead(site: Site, victim: User, _: Any) -> bool:
    """T6: a scanner or a browser that looks ahead spends the code before the person."""
    person = site.browser(victim)
    callback = person.to_callback(person.start(purpose="step_up")["auth_url"])
    person.get(callback, **{"Sec-Purpose": "prefetch;prerender"})
    return site.exchanges > 0


def head(site: Site, victim: User, _: Any) -> bool:
    """T6: a link scanner asks by HEAD."""
    device = site.program()
    device.head(device.to_callback(device.start()["auth_url"]))
    return site.exchanges > 0


def two_at_once(site: Site, victim: User, _: Any) -> bool:
    """T7: the same callback twice in the same moment; the code must be spent once."""
    device = site.program()
    callback = device.to_callback(device.start()["auth_url"])
    barrier = threading.Barrier(2)

    def call(actor: Actor) -> None:
        barrier.wait(10)
        actor.get(callback)

    threads = [threading.Thread(target=call, args=(site.program(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return site.exchanges != 1


def own_code_for_the_victims_state(site: Site, victim: User, _: Any) -> bool:
    """T8: the attacker's own SIM yields a code, which goes with the victim's attempt."""
    attacker, phone = site.browser(victim), site.program()
    started = attacker.start(purpose="step_up")
    own = phone.start(phone=OWN)
    code = code_in(phone.to_callback(own["auth_url"]))
    attacker.get(f"/callback?state={state_of(started)}&code={code}&phone=%2B{OWN[1:]}")
    return _profits(attacker, started)


def forged_refusal(site: Site, victim: User, _: Any) -> bool:
    """T9: somebody else ends the victim's attempt."""
    person = site.browser(victim)
    started = person.start(purpose="step_up")
    query = f"/callback?error=access_denied&state={state_of(started)}"
    for stranger in (site.program(), site.browser(), site.browser(victim)):
        stranger.get(query)
        stranger.get("/callback?error=access_denied")
    return row(started).status != Status.PENDING


def injected_words(site: Site, victim: User, caplog: pytest.LogCaptureFixture) -> bool:
    """T10: words of the error come back in an answer, or write into the log."""
    caplog.set_level(0)
    caplog.handler.setFormatter(None)
    person = site.browser(victim)
    seen = ""
    for payload in ("<b>x</b>", "a%0D%0AForged: b", "%1B[31mred"):
        started = person.start(purpose="step_up")
        query = f"state={state_of(started)}&error={payload}&error_description={payload}"
        answer = person.get(f"/callback?{query}")
        seen += answer.text + str(answer.headers) + person.get(f"/attempts/{started['id']}").text
        seen += person.poll(started)["reason"]
    seen += "".join(r.getMessage() for r in caplog.records if r.name.startswith("numverify"))
    return any(word in seen for word in ("<b>x</b>", "Forged: b", "\x1b["))


def repeated_parameters(site: Site, victim: User, _: Any) -> bool:
    """T11: parameters twice, or code beside error, to play parsers off."""
    person = site.browser(victim)
    started = person.start(purpose="step_up")
    state, code = state_of(started), code_in(person.to_callback(started["auth_url"]))
    for query in (
        f"state={'A' * 20}&state={state}&code={code}",
        f"state={state}&code=x&code={code}",
        f"state={state}&code={code}&error=access_denied",
    ):
        person.get(f"/callback?{query}")
    return row(started).status != Status.PENDING


def logged_out_meanwhile(site: Site, victim: User, _: Any) -> bool:
    """T24: the victim logs out in another tab while the network is asked."""
    person, other_tab = site.browser(victim), site.browser()
    started = person.start(purpose="step_up")
    other_tab.set_cookie("sessionid", person.session.cookies["sessionid"])
    ask = VonageNumberVerification.finish

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = ask(*args, **kwargs)
        assert other_tab.submit("/admin/logout/").status_code == 200
        return answer

    with patch.object(VonageNumberVerification, "finish", slow):
        person.open(started["auth_url"])
    logged_in = person.get("/admin/").status_code == 200
    return logged_in or person.is_elevated() or other_tab.is_elevated()


def a_late_poll_logs_out(site: Site, victim: User, _: Any) -> bool:
    """T25: a poll from before the elevation is answered after it, and takes the cookie."""
    person = site.browser(victim)
    started = person.start(purpose="step_up")
    old = person.session.cookies["sessionid"]
    person.open(started["auth_url"])
    assert person.is_elevated()
    late: requests.Response = site.program().get(
        f"/attempts/{started['id']}", Cookie=f"sessionid={old}", **JSON
    )
    return "Set-Cookie" in late.headers


def _profits(attacker: Actor, started: dict[str, Any]) -> bool:
    verified = attacker.poll(started).get("status") == Status.VERIFIED
    return verified or attacker.is_elevated()
