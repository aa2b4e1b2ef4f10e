# The demo's JupyterHub: everything that a real one needs, with single-user servers as plain processes.
import os
import sys

c = get_config()  # noqa: F821
env = os.environ
root = env["DEMO_ROOT"]
sys.path.insert(0, os.path.join(root, "hub"))
import coursehub_hub  # noqa: E402

hub_port, api_port, proxy_port = env["DEMO_HUB_PORT"], env["DEMO_HUB_API_PORT"], env["DEMO_PROXY_API_PORT"]
hub_url, bridge_url, bridge_internal = env["DEMO_HUB_URL"], env["DEMO_BRIDGE_URL"], env["DEMO_BRIDGE_INTERNAL_URL"]

# User servers get hosts of their own (NAME.hub.localhost): code in one is no longer the hub's origin (docs/explanation/security.md).
c.JupyterHub.bind_url = f"http://127.0.0.1:{hub_port}"
c.JupyterHub.subdomain_host = hub_url
c.JupyterHub.public_url = hub_url + "/"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{api_port}"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.ConfigurableHTTPProxy.command = ["configurable-http-proxy"]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.JupyterHub.template_vars = {"announcement": "Demo campus: everything here runs on this machine."}

# Sign-in at the bridge. No auth_state: an outage of the bridge must not hit running users.
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "jupyterhub"
c.GenericOAuthenticator.client_secret = env["DEMO_OIDC_SECRET"]
c.GenericOAuthenticator.authorize_url = f"{bridge_url}/auth"
c.GenericOAuthenticator.token_url = f"{bridge_internal}/token"
c.GenericOAuthenticator.userdata_url = f"{bridge_internal}/me"
c.GenericOAuthenticator.oauth_callback_url = f"{hub_url}/hub/oauth_callback"
c.GenericOAuthenticator.logout_redirect_url = f"{bridge_url}/after-logout"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.login_service = "Demo University (Moodle)"
c.GenericOAuthenticator.enable_auth_state = False
c.GenericOAuthenticator.manage_groups = False
c.GenericOAuthenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = os.path.join(env["DEMO_HOMES"], "{username}")
c.Spawner.default_url = "/lab"
if os.getuid() == 0:
    c.Spawner.args = ["--allow-root"]
coursehub_hub.setup(c)

# A laptop's demo wants to see activity within seconds; the defaults (300 s, 30 s) are right for a campus.
c.JupyterHub.last_activity_interval = 2
c.JupyterHub.activity_resolution = 1
c.Spawner.environment = {"JUPYTERHUB_ACTIVITY_INTERVAL": "2"}
c.Spawner.poll_interval = 2

# Exactly the scopes that docs/explanation/security.md gives reasons for.
c.JupyterHub.services = [{"name": "coursehub-culler", "api_token": env["DEMO_HUB_API_TOKEN"]}]
c.JupyterHub.load_roles = [
    {
        "name": "coursehub-culler",
        "services": ["coursehub-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
