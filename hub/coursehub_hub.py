"""Asks coursehub's course-profiles what a person may start: the hub's side of a course's servers (design 3, "Spawn").

In jupyterhub_config.py, after JupyterHub.public_url:  import coursehub_hub; coursehub_hub.setup(c)
Needs COURSEHUB_URL (internal port of course-profiles) and COURSEHUB_TOKEN or COURSEHUB_TOKEN_FILE.
A person reads every refusal as a sentence; what an operator must repair is in the hub's log at level ERROR.
"""

import asyncio
import json
import os
import re
import uuid
from contextlib import suppress
from datetime import datetime, timezone
from html import escape
from urllib.parse import urlencode, urlsplit

from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

ANY_SPAWNER = {"environment", "start_timeout", "default_url", "cpu_guarantee", "cpu_limit", "mem_guarantee", "mem_limit"}
# kubespawner 7.0.0 (get_pod_manifest, get_env) passes these through str.format; jupyterhub itself does it to default_url.
FORMATTED_BY_KUBESPAWNER = {"environment", "extra_labels", "extra_annotations", "volumes", "volume_mounts", "extra_pod_config"}
KUBESPAWNER = {"image", "extra_resource_limits", "extra_resource_guarantees", "node_selector", "tolerations"}
KUBESPAWNER |= ANY_SPAWNER | FORMATTED_BY_KUBESPAWNER
EMERGENCY = "emergency"
PARALLEL_CALLS = 50
UNREACHABLE = "coursehub cannot be reached, so nobody new can start. Running servers are not touched. Please try again in a few minutes."
NOT_SET_UP = "No server can start: this hub and coursehub are not set up to talk to each other. Please tell the people who run it."
CHOOSE_ONE = "Choose one course profile: course_profile takes a single id of at most 100 characters, as the form offers it."
BAD_EMERGENCY = 'emergency_profile must be {"title": "<for people>", "until": "2026-12-01T08:00:00+01:00" (with the zone), "settings": {}}'
BAD_EMERGENCY += f" and nothing else; settings may be {', '.join(sorted(KUBESPAWNER))}"


def refusal(status, sentence, unreachable=False):
    """The HTTPError whose sentence JupyterHub shows on the form, the pending page and in /server/progress.
    `unreachable`: coursehub did not answer, or answered 5xx; the only case for the emergency profile."""
    error = web.HTTPError(status, "%s", sentence)
    error.jupyterhub_message, error.unreachable = sentence, unreachable
    return error


def chosen(value):
    """The course profile's id out of what a form or the REST API sent; "" when nothing was chosen."""
    value = "" if value is None else value
    if not isinstance(value, str) or len(value) > 100 or not value.isprintable():
        raise refusal(400, CHOOSE_ONE)
    return value


def as_object(text):
    """The JSON object in an answer; {} when it holds none."""
    with suppress(ValueError):
        value = json.loads(text)
        return value if isinstance(value, dict) else {}
    return {}


def braces_doubled(value):
    if isinstance(value, dict):
        return {key: braces_doubled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [braces_doubled(item) for item in value]
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


def merged(current, value):
    """The operators' own entries stay, coursehub's come on top. `current` may be the shared config value: never changed."""
    if isinstance(current, dict) and isinstance(value, list):  # z2jh's {name: volume} form
        value = {f"coursehub-{index:02}": item for index, item in enumerate(value)}
    if isinstance(current, dict) and isinstance(value, dict):
        return {**current, **value}
    return [*current, *value] if isinstance(current, list) and isinstance(value, list) else value


def apply_settings(spawner, settings):
    """Sets what the allow-list of this kind of spawner knows, escaped where the spawner formats it."""
    allowed, formatted = ANY_SPAWNER, {"default_url"}
    if hasattr(spawner, "pod_name"):
        allowed, formatted = KUBESPAWNER, formatted | FORMATTED_BY_KUBESPAWNER
    for name in settings.keys() - KUBESPAWNER:
        spawner.log.warning("coursehub sent the setting %r, which is not allowed here: left out", name)
    for name, value in settings.items():
        if name not in allowed or value is None:
            continue
        if name == "extra_pod_config":
            value = {key: value[key] for key in value.keys() & {"activeDeadlineSeconds"}}  # not hostNetwork and the like
        if name == "environment":
            value = {key: str(item) for key, item in value.items()}
        value = braces_doubled(value) if name in formatted else value
        setattr(spawner, name, merged(getattr(spawner, name), value))


def checked_emergency(profile):
    """The profile with `until` as a datetime; a ValueError that says what it must look like."""
    with suppress(TypeError, KeyError, ValueError, AttributeError):
        until = profile["until"]
        until = until if isinstance(until, datetime) else datetime.fromisoformat(re.sub("Z$", "+00:00", until))
        if until.tzinfo and profile["title"].strip() and len(profile) == 3 and not profile["settings"].keys() - KUBESPAWNER:
            return {**profile, "until": until}
    raise ValueError(BAD_EMERGENCY)


class Glue:
    """The hooks of one hub and the HTTP client they share. To add to a hook, set yours after setup() and await ours in it."""

    def __init__(self, url=None, token=None, token_file=None, logout_url=None, emergency_profile=None):
        self.url = (url or os.environ.get("COURSEHUB_URL", "")).rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("COURSEHUB_URL must be course-profiles' internal address, for example http://coursehub-internal:8081")
        self.token_value = token or ("" if token_file else os.environ.get("COURSEHUB_TOKEN", ""))
        self.token_file = token_file or os.environ.get("COURSEHUB_TOKEN_FILE", "")
        self.token_source = "COURSEHUB_TOKEN" if self.token_value else f"COURSEHUB_TOKEN_FILE ({self.token_file})"
        if not (self.token_value or self.token_file) or not self.token():
            raise ValueError(f"{self.token_source} must give the hub's token for course-profiles, and it is empty")
        self.logout_url, self.emergency = logout_url, emergency_profile and checked_emergency(emergency_profile)
        self.client = self.slots = None

    def __deepcopy__(self, memo):
        return self  # traitlets copies config values, and a copied method would bring its own HTTP client

    def token(self):
        """A file is read on each call, so that a rotated Secret needs no restart of the hub."""
        if self.token_value:
            return self.token_value.strip()
        with open(self.token_file, encoding="utf-8") as file:
            return file.read().strip()

    async def call(self, spawner, path, body=None, seconds=5):
        """The text of a 200 answer; else logs what the operator has to know and raises what the person reads."""
        if self.client is None:
            # Own slots: tornado counts waiting for a free connection as connect time, so a class that starts at once would fail.
            self.client = AsyncHTTPClient(force_instance=True, max_clients=PARALLEL_CALLS)
            self.slots = asyncio.Semaphore(PARALLEL_CALLS)
        incoming = spawner.handler.request.headers.get("X-Request-Id", "") if getattr(spawner, "handler", None) else ""
        request_id = incoming if re.fullmatch(r"[\w.:-]{1,128}", incoming, re.ASCII) else str(uuid.uuid4())
        try:
            headers = {"Authorization": f"Bearer {self.token()}", "X-Request-Id": request_id, "Content-Type": "application/json"}
        except OSError as error:
            spawner.log.error("coursehub: %s cannot be read: %s", self.token_source, error.strerror)
            raise refusal(503, NOT_SET_UP) from None
        method, payload = ("GET", None) if body is None else ("POST", json.dumps(body))
        # No shorter time for the connection: while a class starts at once the hub is busy, and connects late itself (200 starts: 29 of them over 2 s).
        limits = {"connect_timeout": seconds, "request_timeout": seconds, "follow_redirects": False}
        request = HTTPRequest(self.url + path, method=method, body=payload, headers=headers, **limits)
        async with self.slots:
            response = await self.fetch(spawner, request)
        text = (response.body or b"").decode("utf-8", "replace")
        status, detail = response.code, str(as_object(text).get("detail", ""))
        if status == 200:
            return text
        hints = {400: "the request was not understood", 401: f"{self.token_source} is not a token that coursehub knows"}
        hints[403] = f"the token of {self.token_source} lacks the operation that this call needs"
        hint = "it failed" if status >= 500 else hints.get(status, "is this course-profiles' internal port?")
        place = f"{path} at COURSEHUB_URL ({self.url}), request {request_id}"
        spawner.log.error("coursehub answered %s to %s: %s. %s", status, place, hint, detail)
        if status >= 500:
            raise refusal(503, detail or UNREACHABLE, unreachable=True)
        raise refusal(400, detail or CHOOSE_ONE) if status == 400 else refusal(503, NOT_SET_UP)

    async def fetch(self, spawner, request, last_try=False):
        """Once more after a refused or broken connection (a replica that drains), with the same body and so the same request_id."""
        try:
            return await self.client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError) as error:
            if not last_try and not re.search("time(d )?out", str(error), re.IGNORECASE):
                return await self.fetch(spawner, request, last_try=True)
            spawner.log.error("coursehub at COURSEHUB_URL (%s) cannot be reached: %s", self.url, error)
            raise refusal(503, UNREACHABLE, unreachable=True) from None

    async def decide(self, spawner, operation, course_profile, seconds=5, **more):
        """coursehub's `admit`, or the emergency profile's while it cannot be reached; a deny is raised as 403 with its sentence."""
        body = {"user": spawner.user.name, "server": spawner.name, "course_profile": course_profile, **more}
        try:
            answer = as_object(await self.call(spawner, f"/internal/v1/{operation}", body, seconds))
        except web.HTTPError as error:
            if not self.emergency_for(error):
                raise
            answer = {"decision": "admit", "session_id": EMERGENCY, "settings": self.emergency["settings"]}
        if answer.get("decision") == "deny" and answer.get("message"):
            raise refusal(403, str(answer["message"]))
        if answer.get("decision") != "admit":
            spawner.log.error("coursehub's answer to %s is not a decision; is COURSEHUB_URL (%s) right?", operation, self.url)
            raise refusal(503, NOT_SET_UP)
        return answer

    def emergency_for(self, error):
        offered = error.unreachable and self.emergency and datetime.now(timezone.utc) < self.emergency["until"]
        return self.emergency if offered else None

    async def options_form(self, spawner):
        """The form's HTML from coursehub; else an alert, with the emergency profile while coursehub cannot be reached."""
        query = {"user": spawner.user.name, "server": spawner.name}
        try:
            return await self.call(spawner, f"/internal/v1/form?{urlencode(query)}")
        except web.HTTPError as error:
            sentence, emergency, choice = error.jupyterhub_message, self.emergency_for(error), ""
        if emergency:
            sentence = f"coursehub cannot be reached. Until {emergency['until']:%Y-%m-%d %H:%M %Z} everybody can start this instead:"
            radio = f'<input type="radio" name="course_profile" value="{EMERGENCY}" checked>'
            choice = f"<p><label>{radio} {escape(emergency['title'])}</label></p>"
        out = escape(self.logout_url or f"{spawner.hub.base_url}logout")
        who = f'<p>Signed in as <strong>{escape(spawner.user.name)}</strong>. <a href="{out}">Sign out</a></p>'
        return f'<div class="alert alert-warning" role="alert">{escape(sentence)}</div>{choice}{who}'

    async def options_from_form(self, formdata, spawner=None):
        """user_options out of a form post or a spawn URL, once coursehub has said that the choice can be started."""
        values = formdata.get("course_profile", [""])
        course_profile = chosen(values[0] if len(values) == 1 else values)
        if spawner:  # JupyterHub 5 leaves it out for spawn URLs: there pre_spawn_hook's answer is the only one
            answer = await self.decide(spawner, "checks", course_profile)
            course_profile = EMERGENCY if answer.get("session_id") == EMERGENCY else course_profile
        return {"course_profile": course_profile}

    async def pre_spawn_hook(self, spawner):
        """The binding answer, for form, spawn URL and REST starts alike."""
        spawner.coursehub_admitted = False
        if hasattr(spawner, "pod_name") and spawner.events:
            # As KubeSpawner.start does, but before we ask: else /progress shows the last start's events now and hides as many of this start's.
            spawner._last_event = spawner.events[-1]["metadata"]["uid"]
        course_profile = chosen(spawner.user_options.get("course_profile"))
        placement = {"namespace": "local", "pod": f"{spawner.user.name}--{spawner.name}"}
        if hasattr(spawner, "pod_name"):
            placement = {"namespace": spawner.namespace, "pod": spawner.pod_name}
        request_id = str(uuid.uuid4())
        answer = await self.decide(spawner, "admissions", course_profile, 10, request_id=request_id, placement=placement)
        spawner.coursehub_admitted = True
        if answer.get("session_id") == EMERGENCY:
            course_profile = EMERGENCY
            spawner.log.warning("coursehub cannot be reached: %s starts the emergency profile", spawner._log_name)
        # Nothing else that a REST body held; the hub shows these (idle-culler reads them) and keeps them for a start without options.
        spawner.user_options = spawner.orm_spawner.user_options = {"course_profile": course_profile}
        try:
            apply_settings(spawner, answer["settings"])
            mark = {"coursehub.dev/session": answer["session_id"]}  # over whatever the profile says
            session = {"COURSEHUB_SESSION": answer["session_id"]}
            apply_settings(spawner, {"environment": session, "extra_labels": mark, "extra_annotations": mark})
        except Exception:
            spawner.log.exception("coursehub's settings for %r do not fit this spawner", course_profile)
            raise refusal(503, NOT_SET_UP) from None

    async def post_stop_hook(self, spawner):
        """Best effort: idle-culler finds what is lost here. Without a session id (hub restarted) coursehub ends the open one."""
        if not getattr(spawner, "coursehub_admitted", True):
            return  # and at once: while a refused start waits here, /server/progress answers 400 instead of the sentence
        session = spawner.environment.get("COURSEHUB_SESSION")
        body = {"user": spawner.user.name, "server": spawner.name, "session_id": None if session == EMERGENCY else session}
        try:
            await self.call(spawner, "/internal/v1/sessions/end", body)
        except Exception as error:
            spawner.log.warning("coursehub was not told that %s has stopped: %s", spawner._log_name, error)

    async def post_auth_hook(self, _authenticator, _handler, auth_model):
        """Hub admin is what the bridge's claim says, at every sign-in; sign-ins that are not the bridge's are left alone."""
        claims = (auth_model.get("auth_state") or {}).get("oauth_user")
        return auth_model if claims is None else {**auth_model, "admin": claims.get("coursehub_admin") is True}


def setup(c, url=None, token=None, token_file=None, logout_url=None, emergency_profile=None):
    """Sets the hooks; a ValueError, which stops the hub's start, says what is wrong. Returns the Glue."""
    glue = Glue(url, token, token_file, logout_url, emergency_profile)
    hooks = ("options_form", "options_from_form", "pre_spawn_hook", "post_stop_hook")
    ours = {"Spawner": (*hooks, "profile_list"), "Authenticator": ("post_auth_hook",)}
    taken = [f"{name}.{hook}" for end in ours for name in c if name.endswith(end) for hook in ours[end] if c[name].get(hook)]
    if taken:
        raise ValueError(f"{', '.join(taken)} is set, but coursehub decides this: remove it, or set it after setup() and await coursehub's in it")
    for hook in hooks:
        c.Spawner[hook] = getattr(glue, hook)
    c.Spawner.apply_user_options = lambda spawner, user_options: None  # pre_spawn_hook does it; unset, each start logs a warning
    for name in {"Spawner", *(name for name in c if name.endswith("Spawner"))}:
        c[name].consecutive_failure_limit = 0  # a refusal counts as a failed start, and five would end the hub
    c.Authenticator.post_auth_hook = glue.post_auth_hook
    if str(c.JupyterHub.get("public_url", "")).startswith("https://"):
        with suppress(ImportError):
            import oauthenticator.oauth2

            oauthenticator.oauth2.STATE_COOKIE_NAME = "__Host-oauthenticator-state"  # no prefix by itself (bridge-hosts.md 4)
    return glue
