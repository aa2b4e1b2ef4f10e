"""The glue's hooks against a real socket: calls, retries, refusals, the emergency profile."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from coursehub_hub import Glue
from fake_course_profiles import DENIED, FORM, SESSION_ID, TOKEN
from spawner_stub import Spawner, emergency
from tornado import web


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


# --- form and check

async def test_form_is_coursehubs_and_carries_user_server_and_request_id(glue, course_profiles):
    request = SimpleNamespace(headers={"X-Request-Id": "abc-1"})
    assert await glue.options_form(Spawner(handler=SimpleNamespace(request=request), name="gpu two")) == FORM
    (call,) = course_profiles.requests
    assert call["query"] == {"user": "student1", "server": "gpu two"}
    assert call["headers"]["x-request-id"] == "abc-1" and call["headers"]["authorization"] == f"Bearer {TOKEN}"


async def test_a_request_id_that_is_no_id_is_replaced(glue, course_profiles):
    request = SimpleNamespace(headers={"X-Request-Id": "a b\t" + "c" * 200})
    await glue.options_form(Spawner(handler=SimpleNamespace(request=request)))
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
