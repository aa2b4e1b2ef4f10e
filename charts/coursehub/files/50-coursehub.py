"""Runs in the hub, after z2jh's own configuration: addresses and secrets of this release, and the glue. Values come from coursehub.json."""


def _coursehub(c):
    import json
    import os
    import sys

    folder = os.environ.get("COURSEHUB_HUB_FOLDER", "/usr/local/etc/jupyterhub/coursehub")
    secrets = os.environ.get("COURSEHUB_HUB_SECRETS", "/usr/local/etc/jupyterhub/coursehub-secrets")
    with open(os.path.join(folder, "coursehub.json"), encoding="utf-8") as file:
        known = json.load(file)
    with open(os.path.join(secrets, "OIDC_CLIENT_SECRET_JUPYTERHUB"), encoding="utf-8") as file:
        client_secret = file.read().strip()
    sys.path.insert(0, folder)
    import coursehub_hub

    c.JupyterHub.authenticator_class = "generic-oauth"
    c.JupyterHub.public_url = known["hubUrl"] + known["baseUrl"]
    if known["subdomains"] and known["hubUrl"].startswith("https://"):
        c.JupyterHub.cookie_host_prefix_enabled = True
    oauth = c.GenericOAuthenticator
    oauth.client_secret = client_secret
    oauth.authorize_url = known["bridgeUrl"] + "/auth"  # browsers
    oauth.token_url = known["bridgeInternalUrl"] + "/token"  # the hub itself, inside the cluster
    oauth.userdata_url = known["bridgeInternalUrl"] + "/me"
    oauth.oauth_callback_url = known["hubUrl"] + known["baseUrl"] + "hub/oauth_callback"
    oauth.logout_redirect_url = known["bridgeUrl"] + "/after-logout"
    oauth.login_service = known["loginService"]
    coursehub_hub.setup(
        c,
        url=known["courseProfilesUrl"],
        token_file=os.path.join(secrets, "INTERNAL_TOKEN_HUB"),
        emergency_profile=known["emergencyProfile"],
    )


_coursehub(c)  # noqa: F821
