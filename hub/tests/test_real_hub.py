"""The glue inside a real JupyterHub with its real proxy and SimpleLocalProcessSpawner."""

import asyncio
import os
import signal
from datetime import datetime, timedelta, timezone
from html import escape

import pytest_asyncio
from fake_course_profiles import DENIED, SESSION_ID, TOKEN
from real_hub import Browser, RealHub, until

SENTENCE = DENIED["message"]
UNTIL = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
EMERGENCY = {"title": "Plain server", "until": UNTIL, "settings": {"environment": {"MODE": "plain {}"}}}
AS_Z2JH = '\nc.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}\n'


@pytest_asyncio.fixture(scope="session")
async def hubs(one_server, tmp_path_factory):
    """One hub as it comes; one that waits for no start, as z2jh sets it up, with an emergency profile."""
    common = {"url": one_server.url, "token": TOKEN}
    plain = RealHub(tmp_path_factory.mktemp("plain"), **common)
    z2jh = RealHub(tmp_path_factory.mktemp("z2jh"), AS_Z2JH, emergency_profile=EMERGENCY, **common)
    try:
        await asyncio.gather(plain.start(), z2jh.start())
        yield plain, z2jh
    finally:
        await asyncio.gather(plain.stop(), z2jh.stop())


@pytest_asyncio.fixture(scope="session")
async def hub(hubs):
    return hubs[0]


@pytest_asyncio.fixture(scope="session")
async def z2jh(hubs):
    return hubs[1]


async def test_form_start_environment_and_end(hub, course_profiles):
    course_profiles.settings = {"environment": {"COURSE": '{"id": 12}'}, "image": "left-out", "default_url": "/lab/{a}"}
    async with Browser(hub) as browser:
        await browser.sign_in("alice")
        status, page, _path = await browser.get("/hub/spawn?next=%2Fhub%2Fuser-redirect%2Flab")
        assert status == 200 and 'value="12-gpu"' in page and "Welcome" in page
        assert course_profiles.calls("form")[0]["query"] == {"user": "alice", "server": ""}
        status, _page, path = await browser.post("/hub/spawn/alice", [("course_profile", "12-gpu")])
        assert path.startswith(("/hub/spawn-pending/alice", "/user/alice"))
    environment = await hub.environment("alice")
    assert environment["COURSE"] == '{"id": 12}' and environment["COURSEHUB_SESSION"] == SESSION_ID
    assert environment["JUPYTERHUB_DEFAULT_URL"] == "/lab/{a}"
    assert (await hub.server("alice"))["user_options"] == {"course_profile": "12-gpu"}
    assert course_profiles.calls("checks")[0]["body"] == {"user": "alice", "server": "", "course_profile": "12-gpu"}
    assert course_profiles.calls("admissions")[0]["body"]["placement"] == {"namespace": "local", "pod": "alice--"}
    await hub.stop_server("alice")
    assert [call["body"] for call in course_profiles.calls("end")] == [{"user": "alice", "server": "", "session_id": SESSION_ID}]
    status, _text = await hub.rest_start("alice")  # no body: the hub takes the options of the last start
    assert status in (201, 202) and course_profiles.calls("admissions")[-1]["body"]["course_profile"] == "12-gpu"
    await hub.environment("alice")
    await hub.stop_server("alice")
    assert "unhandled user_options" not in hub.log


async def test_refusals_on_the_form_say_why(hub, course_profiles):
    async with Browser(hub) as browser:
        await browser.sign_in("bob")
        await browser.get("/hub/spawn")
        status, page, _path = await browser.post("/hub/spawn/bob", [("course_profile", "99-secret")])
        assert status == 403 and escape(SENTENCE) in page and 'value="12-gpu"' in page
        for fields in ([("course_profile", "12-gpu"), ("course_profile", "12-cpu")], [("course_profile", "x" * 1_000_000)]):
            status, page, _path = await browser.post("/hub/spawn/bob", fields)
            assert status == 400 and "at most 100 characters" in page and 'value="12-gpu"' in page
        assert not course_profiles.calls("admissions")
        status, page, _path = await browser.get("/hub/spawn/bob?course_profile=99-secret")
        assert status == 403 and escape(SENTENCE) in page and 'value="12-gpu"' in page
    assert not await hub.server("bob")


async def test_refused_spawn_url_where_the_hub_does_not_wait(z2jh, course_profiles):
    async with Browser(z2jh) as browser:
        await browser.sign_in("bob")
        await browser.get("/hub/spawn/bob?course_profile=99-secret")

        async def pending_page_says_why():
            status, page, _path = await browser.get("/hub/spawn-pending/bob")
            return status == 403 and escape(SENTENCE) in page

        await until(pending_page_says_why, "the pending page says why")


async def test_refused_rest_starts_say_why_and_never_kill_the_hub(hub, z2jh, course_profiles):
    for one, expected in ((hub, 403), (z2jh, 202)):
        for attempt in range(6):
            status, text = await one.rest_start("carol", {"course_profile": "99-secret"})
            assert status == expected and SENTENCE in text.replace("\\u003c", "<"), (attempt, status, text)
        status, text = await one.rest_start("dora")
        assert status == expected and SENTENCE in text
        assert course_profiles.calls("admissions")[-1]["body"]["course_profile"] == ""
        for body in ({"course_profile": ["12-gpu"]}, {"course_profile": "x" * 100_000}):
            status, text = await one.rest_start("dora", body)
            assert status in (400, 202) and "at most 100 characters" in text
        assert one.process.returncode is None and "consecutive spawn failures" not in one.log
        assert not course_profiles.calls("end")
        assert (await one.api("GET", "/users/dora"))[0] == 200


async def test_coursehub_down_refuses_new_starts_and_leaves_running_ones(hub, course_profiles):
    await hub.rest_start("erin", {"course_profile": "12-cpu"})
    await hub.environment("erin")
    async with Browser(hub) as browser:
        await browser.sign_in("frank")
        await browser.get("/hub/spawn")
        await course_profiles.stop()
        try:
            status, page, _path = await browser.get("/hub/spawn")
            assert status == 200 and "cannot be reached" in page and "Running servers are not touched" in page and "frank" in page
            status, page, _path = await browser.post("/hub/spawn/frank", [("course_profile", "12-gpu")])
            assert status == 503 and "cannot be reached" in page
            status, text = await hub.rest_start("frank", {"course_profile": "12-gpu"})
            assert status == 503 and "cannot be reached" in text
            assert (await hub.environment("erin"))["COURSEHUB_SESSION"] == SESSION_ID
            await hub.stop_server("erin")  # ends although nobody can be told
            assert "was not told that erin has stopped" in hub.log
        finally:
            await course_profiles.start()
        status, page, _path = await browser.get("/hub/spawn")
        assert 'value="12-gpu"' in page


async def test_emergency_profile_while_coursehub_is_down(z2jh, course_profiles):
    async with Browser(z2jh) as browser:
        await browser.sign_in("grace")
        await course_profiles.stop()
        try:
            _status, page, _path = await browser.get("/hub/spawn")
            assert "Plain server" in page and 'value="emergency" checked' in page
            await browser.post("/hub/spawn/grace", [("course_profile", "emergency")])
            environment = await z2jh.environment("grace")
        finally:
            await course_profiles.start()
    assert environment["COURSEHUB_SESSION"] == "emergency" and environment["MODE"] == "plain {}"
    assert (await z2jh.server("grace"))["user_options"] == {"course_profile": "emergency"}
    assert "grace: starts the emergency profile" in z2jh.log or "grace starts the emergency profile" in z2jh.log
    await z2jh.stop_server("grace")
    assert course_profiles.calls("end")[0]["body"] == {"user": "grace", "server": "", "session_id": None}
    status, text = await z2jh.rest_start("grace")
    assert status == 202 and SENTENCE in text  # the kept option `emergency` starts nothing once coursehub is back


async def test_wrong_token_is_503_for_people_and_named_in_the_log(z2jh, course_profiles):
    course_profiles.token = "rotated, and the hub was forgotten"
    async with Browser(z2jh) as browser:
        await browser.sign_in("heidi")
        _status, page, _path = await browser.get("/hub/spawn")
        assert "not set up" in page and "radio" not in page
        status, page, _path = await browser.post("/hub/spawn/heidi", [("course_profile", "12-gpu")])
        assert status == 503 and "not set up" in page
    status, text = await z2jh.rest_start("heidi", {"course_profile": "12-gpu"})
    assert status == 202 and "not set up" in text
    assert "COURSEHUB_TOKEN is not a token that coursehub knows" in z2jh.log and TOKEN not in z2jh.log


async def test_a_server_that_dies_ends_its_session(hub, course_profiles):
    await hub.rest_start("ivan", {"course_profile": "12-cpu"})
    os.kill(int((await hub.environment("ivan"))["OWN_PID"]), signal.SIGKILL)

    async def told():
        return course_profiles.calls("end")

    await until(told, "the hub notices and tells coursehub")
    assert course_profiles.calls("end")[0]["body"]["session_id"] == SESSION_ID


async def test_a_bad_emergency_profile_refuses_the_hubs_start(tmp_path):
    hub = RealHub(tmp_path, url="http://127.0.0.1:1", token=TOKEN, emergency_profile={**EMERGENCY, "until": "2030-01-01T00:00:00"})
    await hub.launch()
    assert await asyncio.wait_for(hub.process.wait(), 30) != 0
    assert "ValueError: emergency_profile must be" in hub.log
