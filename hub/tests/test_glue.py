"""The glue's own code against a real socket: configuration, calls, retries, refusals, the emergency profile, admin claims."""

import asyncio
import copy
import logging
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import coursehub_hub
import pytest
from coursehub_hub import Glue, setup
from fake_course_profiles import DENIED, FORM, SESSION_ID, TOKEN
from tornado import web
from traitlets.config import Config


class Spawner:
    """What the hooks touch of a Spawner that is not KubeSpawner."""

    def __init__(self, **more):
        self.user, self.name, self.handler = SimpleNamespace(name="student1"), "", None
        self.hub, self._log_name = SimpleNamespace(base_url="/hub/"), "student1"
        self.orm_spawner, self.user_options = SimpleNamespace(user_options=None), {"course_profile": "12-gpu"}
        self.environment, self.start_timeout, self.default_url = {"LANG": "C"}, 60, ""
        self.cpu_limit = self.cpu_guarantee = self.mem_limit = self.mem_guarantee = None
        self.log = logging.getLogger("spawner")
        self.__dict__.update(more)


def emergency(hours=1, **more):
    until = (datetime.now(timezone.utc) + timedelta(hours=hours)).isoformat()
    return {"title": "Plain server <1 CPU>", "until": until, "settings": {"environment": {"MODE": "plain"}, "start_timeout": 33}, **more}


@pytest.fixture
def glue(course_profiles):
    return Glue(url=course_profiles.url, token=TOKEN)


@pytest.fixture
def with_emergency(course_profiles):
    return Glue(url=course_profiles.url, token=TOKEN, emergency_profile=emergency())


async def refused(awaitable):
    with pytest.raises(web.HTTPError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.jupyterhub_message


# --- configuration

@pytest.mark.parametrize(
    "bad",
    [
        {"until": "2030-01-01T00:00:00"}, {"until": "soon"}, {"until": None}, {"title": " "}, {"title": 7},
        {"settings": []}, {"settings": {"privileged": True}}, {"extra": 1},
    ],
)  # fmt: skip
def test_a_bad_emergency_profile_stops_the_start_with_a_sentence(bad):
    with pytest.raises(ValueError, match="emergency_profile must be .*with the zone"):
        setup(Config(), url="http://x", token="t", emergency_profile={**emergency(), **bad})


@pytest.mark.parametrize("until", ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00+01:00", datetime(2030, 1, 1, tzinfo=timezone.utc)])
def test_emergency_until_with_a_zone_is_taken(until):
    assert coursehub_hub.checked_emergency(emergency(until=until))["until"].tzinfo


@pytest.mark.parametrize("url", [None, "coursehub:8081", "ftp://x", "http://", "http://me:pw@x"])
def test_a_url_that_cannot_work_stops_the_start(url, monkeypatch):
    monkeypatch.delenv("COURSEHUB_URL", raising=False)
    with pytest.raises(ValueError, match="COURSEHUB_URL must be") as caught:
        setup(Config(), url=url, token="t")
    assert "pw" not in str(caught.value)


def test_token_and_url_come_from_the_environment(monkeypatch, tmp_path):
    for name in ("COURSEHUB_URL", "COURSEHUB_TOKEN", "COURSEHUB_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSEHUB_URL", "http://coursehub:8081/")
    with pytest.raises(ValueError, match="COURSEHUB_TOKEN"):
        setup(Config())
    file = tmp_path / "token"
    file.write_text("")
    monkeypatch.setenv("COURSEHUB_TOKEN_FILE", str(file))
    with pytest.raises(ValueError, match="COURSEHUB_TOKEN_FILE .*empty"):
        setup(Config())
    file.write_text("from-file\n")
    glue = setup(Config())
    assert (glue.url, glue.token()) == ("http://coursehub:8081", "from-file")
    file.write_text("rotated\n")
    assert glue.token() == "rotated"
    monkeypatch.setenv("COURSEHUB_TOKEN", "from-env")
    assert setup(Config()).token() == "from-env"


def test_setup_sets_every_hook_and_refuses_to_be_shadowed():
    c = Config()
    c.KubeSpawner.consecutive_failure_limit = 5
    glue = setup(c, url="http://x", token="t")
    assert c.Spawner.pre_spawn_hook == glue.pre_spawn_hook and c.Authenticator.post_auth_hook == glue.post_auth_hook
    assert c.Spawner.consecutive_failure_limit == c.KubeSpawner.consecutive_failure_limit == 0
    assert copy.deepcopy(c.Spawner.pre_spawn_hook).__self__ is glue
    for section, trait in (("KubeSpawner", "pre_spawn_hook"), ("KubeSpawner", "profile_list"), ("GenericOAuthenticator", "post_auth_hook")):
        c = Config()
        c[section][trait] = [{"display_name": "x"}]
        with pytest.raises(ValueError, match=f"{section}.{trait} is set"):
            setup(c, url="http://x", token="t")


@pytest.mark.parametrize("public_url, name", [("https://hub.example.org/", "__Host-oauthenticator-state"), ("http://hub.localhost/", "oauthenticator-state")])
def test_state_cookie_gets_its_prefix_under_https_only(public_url, name, monkeypatch):
    import oauthenticator.oauth2

    monkeypatch.setattr(oauthenticator.oauth2, "STATE_COOKIE_NAME", "oauthenticator-state")
    c = Config()
    c.JupyterHub.public_url = public_url
    setup(c, url="http://x", token="t")
    assert oauthenticator.oauth2.STATE_COOKIE_NAME == name


# --- form and check

async def test_form_is_coursehubs_and_carries_user_server_next_and_request_id(glue, course_profiles):
    request = SimpleNamespace(headers={"X-Request-Id": "abc-1"})
    handler = SimpleNamespace(request=request, get_query_argument=lambda name, default: "/hub/user-redirect/a?b=c")
    assert await glue.options_form(Spawner(handler=handler, name="gpu two")) == FORM
    (call,) = course_profiles.requests
    assert call["query"] == {"user": "student1", "server": "gpu two", "next": "/hub/user-redirect/a?b=c"}
    assert call["headers"]["x-request-id"] == "abc-1" and call["headers"]["authorization"] == f"Bearer {TOKEN}"


async def test_a_request_id_that_is_no_id_is_replaced(glue, course_profiles):
    request = SimpleNamespace(headers={"X-Request-Id": "a b\t" + "c" * 200})
    await glue.options_form(Spawner(handler=SimpleNamespace(request=request, get_query_argument=lambda name, default: default)))
    assert len(course_profiles.requests[0]["headers"]["x-request-id"]) == 36


@pytest.mark.parametrize("status", [500, 503])
async def test_form_says_that_coursehub_is_down(glue, course_profiles, status):
    course_profiles.status, course_profiles.problem = status, "The database is down & resting."
    form = await glue.options_form(Spawner(user=SimpleNamespace(name="o'brien")))
    assert "The database is down &amp; resting." in form and "o&#x27;brien" in form and 'href="/hub/logout"' in form


@pytest.mark.parametrize("values", [["a", "b"], [], ["x" * 101], ["x" * 1_000_000], ["a\0b"]])
async def test_arrays_and_oversize_fields_are_refused_before_any_call(glue, course_profiles, values):
    status, sentence = await refused(glue.options_from_form({"course_profile": values}, spawner=Spawner()))
    assert status == 400 and "at most 100 characters" in sentence and not course_profiles.requests


@pytest.mark.parametrize("options", [{"course_profile": ["12-gpu"]}, {"course_profile": {"a": 1}}, {"course_profile": 5}, {"course_profile": "x" * 101}])
async def test_rest_options_of_a_wrong_shape_are_refused_before_any_call(glue, course_profiles, options):
    status, sentence = await refused(glue.pre_spawn_hook(Spawner(user_options=options)))
    assert status == 400 and "course_profile takes a single id" in sentence and not course_profiles.requests


async def test_check_refuses_with_coursehubs_sentence(glue, course_profiles):
    assert await refused(glue.options_from_form({"course_profile": ["99-secret"]}, spawner=Spawner())) == (403, DENIED["message"])
    assert course_profiles.requests[0]["body"] == {"user": "student1", "server": "", "course_profile": "99-secret"}
    assert await glue.options_from_form({"course_profile": ["12-gpu"], "extra": ["1"]}, spawner=Spawner()) == {"course_profile": "12-gpu"}
    assert (await refused(glue.options_from_form({"_xsrf": ["1"]}, spawner=Spawner())))[0] == 403


# --- admission

async def test_admission_applies_what_the_local_spawner_can_do(glue, course_profiles):
    course_profiles.settings = {
        "environment": {"JSON": '{"a": {}}', "N": 5}, "start_timeout": 7, "default_url": "/lab/{x}", "mem_limit": "8G",
        "image": "evil", "extra_labels": {"a": "b"}, "cmd": ["rm"], "cpu_limit": None,
    }  # fmt: skip
    shared = {"LANG": "C"}
    spawner = Spawner(environment=shared)
    await glue.pre_spawn_hook(spawner)
    assert spawner.environment == {"LANG": "C", "JSON": '{"a": {}}', "N": "5", "COURSEHUB_SESSION": SESSION_ID}
    assert shared == {"LANG": "C"}
    assert (spawner.start_timeout, spawner.default_url, spawner.mem_limit) == (7, "/lab/{{x}}", "8G")
    assert not hasattr(spawner, "image") and not hasattr(spawner, "cmd") and not hasattr(spawner, "extra_labels")
    body = course_profiles.calls("admissions")[0]["body"]
    assert body.pop("request_id") and body == {
        "user": "student1", "server": "", "course_profile": "12-gpu", "placement": {"namespace": "local", "pod": "student1--"},
    }  # fmt: skip


async def test_no_choice_is_asked_as_empty_and_a_deny_ends_nothing(glue, course_profiles):
    spawner = Spawner(user_options={})
    assert await refused(glue.pre_spawn_hook(spawner)) == (403, DENIED["message"])
    assert course_profiles.requests[0]["body"]["course_profile"] == ""
    await glue.post_stop_hook(spawner)
    assert len(course_profiles.requests) == 1


async def test_a_broken_connection_is_tried_once_more_with_the_same_request_id(glue, course_profiles):
    course_profiles.connections_to_break = 1
    await glue.pre_spawn_hook(Spawner())
    first, second = course_profiles.calls("admissions")
    assert first["body"] == second["body"] and first["headers"]["x-request-id"] == second["headers"]["x-request-id"]
    course_profiles.connections_to_break = 5
    status, sentence = await refused(glue.pre_spawn_hook(Spawner()))
    assert status == 503 and "cannot be reached" in sentence and len(course_profiles.calls("admissions")) == 4
    third = course_profiles.calls("admissions")[2]["body"]
    assert third["request_id"] != first["body"]["request_id"]


async def test_a_refused_connection_and_a_timeout_are_503(glue, course_profiles, caplog):
    nobody = Glue(url="http://127.0.0.1:1", token=TOKEN)
    assert (await refused(nobody.pre_spawn_hook(Spawner())))[0] == 503
    assert "COURSEHUB_URL (http://127.0.0.1:1)" in caplog.text and TOKEN not in caplog.text
    course_profiles.delay_seconds = 0.3
    assert (await refused(glue.call(Spawner(), "/internal/v1/checks", {}, seconds=0.1)))[0] == 503
    assert len(course_profiles.requests) == 1


async def test_a_whole_class_at_once_waits_instead_of_timing_out(glue, course_profiles):
    course_profiles.delay_seconds = 0.5
    began = time.monotonic()
    await asyncio.gather(*(glue.pre_spawn_hook(Spawner()) for _ in range(300)))
    assert len(course_profiles.calls("admissions")) == 300 and time.monotonic() - began > 2.5


@pytest.mark.parametrize("known, allowed, says", [("another", {"form"}, "COURSEHUB_TOKEN is not a token"), (TOKEN, {"form"}, "lacks the operation")])
async def test_a_wrong_token_is_a_503_for_people_and_named_in_the_log(with_emergency, course_profiles, caplog, known, allowed, says):
    course_profiles.token, course_profiles.allowed_operations = known, allowed
    for call in (with_emergency.pre_spawn_hook(Spawner()), with_emergency.options_from_form({"course_profile": ["12-gpu"]}, spawner=Spawner())):
        status, sentence = await refused(call)
        assert status == 503 and "not set up" in sentence and "emergency" not in sentence
    assert says in caplog.text and TOKEN not in caplog.text
    assert {record.levelname for record in caplog.records if record.name == "spawner"} == {"ERROR"}


async def test_a_wrong_token_shows_on_the_form(with_emergency, course_profiles):
    course_profiles.token = "another"
    form = await with_emergency.options_form(Spawner())
    assert "not set up" in form and "radio" not in form


async def test_a_token_file_that_vanished_is_named_in_the_log(course_profiles, tmp_path, caplog):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    glue = Glue(url=course_profiles.url, token_file=str(file))
    await glue.pre_spawn_hook(Spawner())
    file.unlink()
    assert (await refused(glue.pre_spawn_hook(Spawner())))[0] == 503
    assert f"COURSEHUB_TOKEN_FILE ({file}) cannot be read" in caplog.text


@pytest.mark.parametrize("raw", ["<html>login</html>", "[]", "{}", '{"decision": "maybe", "message": "x"}', '{"decision": "deny"}', "null"])
async def test_an_answer_that_is_no_decision_never_admits(with_emergency, course_profiles, raw, caplog):
    course_profiles.raw_answer = raw
    assert (await refused(with_emergency.pre_spawn_hook(Spawner())))[0] == 503
    assert "is not a decision" in caplog.text


@pytest.mark.parametrize("raw", ['{"decision": "admit", "message": "x"}', '{"decision": "admit", "message": "x", "session_id": "s", "settings": {"environment": 5}}'])
async def test_settings_that_do_not_fit_refuse_the_start(glue, course_profiles, raw):
    course_profiles.raw_answer = raw
    spawner = Spawner()
    assert (await refused(glue.pre_spawn_hook(spawner)))[0] == 503
    await glue.post_stop_hook(spawner)
    assert course_profiles.calls("end")[0]["body"] == {"user": "student1", "server": "", "session_id": None}


@pytest.mark.parametrize("status, expected, says", [(400, 400, "field user is empty"), (404, 503, "not set up"), (302, 503, "not set up"), (503, 503, "field user is empty")])
async def test_other_answers(glue, course_profiles, status, expected, says, caplog):
    course_profiles.status, course_profiles.problem = status, "field user is empty"
    got, sentence = await refused(glue.pre_spawn_hook(Spawner()))
    assert got == expected and says in sentence
    assert f"coursehub answered {status} to /internal/v1/admissions" in caplog.text


# --- end of a session

async def test_end_names_the_session_and_never_raises(glue, course_profiles, caplog):
    spawner = Spawner()
    await glue.pre_spawn_hook(spawner)
    await glue.post_stop_hook(spawner)
    await glue.post_stop_hook(Spawner(name="after-restart"))
    assert [call["body"] for call in course_profiles.calls("end")] == [
        {"user": "student1", "server": "", "session_id": SESSION_ID}, {"user": "student1", "server": "after-restart", "session_id": None},
    ]  # fmt: skip
    course_profiles.connections_to_break = 9
    await glue.post_stop_hook(spawner)
    course_profiles.reset()
    course_profiles.token = "another"
    await glue.post_stop_hook(spawner)
    assert caplog.text.count("was not told that student1 has stopped") == 2


# --- emergency profile

async def test_emergency_only_while_coursehub_cannot_be_reached(with_emergency, course_profiles, caplog):
    course_profiles.connections_to_break = 99
    form = await with_emergency.options_form(Spawner())
    assert "Plain server &lt;1 CPU&gt;" in form and 'value="emergency" checked' in form and "Until 20" in form
    assert await with_emergency.options_from_form({"course_profile": ["12-gpu"]}, spawner=Spawner()) == {"course_profile": "emergency"}
    spawner = Spawner()
    await with_emergency.pre_spawn_hook(spawner)
    assert spawner.environment == {"LANG": "C", "MODE": "plain", "COURSEHUB_SESSION": "emergency"} and spawner.start_timeout == 33
    assert spawner.user_options == spawner.orm_spawner.user_options == {"course_profile": "emergency"}
    assert "student1 starts the emergency profile" in caplog.text
    course_profiles.reset()
    await with_emergency.post_stop_hook(spawner)
    assert course_profiles.calls("end")[0]["body"]["session_id"] is None
    assert await with_emergency.options_form(Spawner()) == FORM
    assert (await refused(with_emergency.pre_spawn_hook(Spawner(user_options={"course_profile": "emergency"}))))[0] == 403
    course_profiles.status = 400
    assert (await refused(with_emergency.pre_spawn_hook(Spawner())))[0] == 400


async def test_emergency_ends_at_its_date(course_profiles):
    over = Glue(url=course_profiles.url, token=TOKEN, emergency_profile=emergency(hours=-1))
    course_profiles.status = 500
    course_profiles.problem = "Down."
    assert await refused(over.pre_spawn_hook(Spawner())) == (503, "Down.")
    assert await refused(over.options_from_form({"course_profile": ["emergency"]}, spawner=Spawner())) == (503, "Down.")
    assert "emergency" not in await over.options_form(Spawner())


# --- hub admin

@pytest.mark.parametrize(
    "auth_state, before, after",
    [
        ({"oauth_user": {"coursehub_admin": True}}, False, True), ({"oauth_user": {"coursehub_admin": False}}, True, False),
        ({"oauth_user": {}}, True, False), ({"oauth_user": {"coursehub_admin": "false"}}, None, False), (None, True, True),
    ],
)  # fmt: skip
async def test_admin_follows_the_claim_at_every_sign_in(auth_state, before, after):
    glue = Glue(url="http://x", token="t")
    model = await glue.post_auth_hook(None, None, {"name": "x", "admin": before, "auth_state": auth_state})
    assert model["admin"] is after and model["name"] == "x"


@pytest.mark.parametrize("claim", [True, False])
async def test_admin_from_a_real_oauthenticator_that_keeps_no_auth_state(claim):
    """The claims are in the auth_model when the hook runs, although enable_auth_state is off."""
    from aiohttp import web as http
    from oauthenticator.generic import GenericOAuthenticator

    async def token(_request):
        return http.json_response({"access_token": "at", "token_type": "Bearer"})

    async def userinfo(_request):
        return http.json_response({"sub": "7", "preferred_username": "olga", "coursehub_admin": claim})

    app = http.Application()
    app.add_routes([http.post("/token", token), http.get("/me", userinfo)])
    runner = http.AppRunner(app)
    await runner.setup()
    try:
        site = http.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        bridge = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        c = Config()
        c.GenericOAuthenticator.update(token_url=f"{bridge}/token", userdata_url=f"{bridge}/me", enable_pkce=False)
        c.GenericOAuthenticator.update(username_claim="preferred_username", allow_all=True, admin_users=set() if claim else {"olga"})
        c.GenericOAuthenticator.oauth_callback_url = "http://hub.localhost/hub/oauth_callback"
        setup(c, url="http://x", token="t")
        authenticator = GenericOAuthenticator(config=c)
        handler = SimpleNamespace(get_argument=lambda name, default=None: "code")
        model = await authenticator.get_authenticated_user(handler, None)
        assert not authenticator.enable_auth_state and not authenticator.manage_groups
        assert (model["name"], model["admin"]) == ("olga", claim)
    finally:
        await runner.cleanup()
