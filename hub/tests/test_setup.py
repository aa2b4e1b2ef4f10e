"""What setup() accepts and sets, and hub admin at a sign-in."""

import copy
from datetime import datetime, timezone
from types import SimpleNamespace

import coursehub_hub
import pytest
from coursehub_hub import Glue, setup
from spawner_stub import emergency
from traitlets.config import Config


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
