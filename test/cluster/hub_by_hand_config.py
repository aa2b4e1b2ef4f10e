# The hub of hub-by-hand.ts: as z2jh sets it up where the glue or the services can notice, but outside of the cluster.
import json
import os
import sys

c = get_config()  # noqa: F821
env = os.environ
node = env["HUB_NODE_ADDRESS"]  # pods reach the hub there
port = int(env["HUB_PORT"])
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://{node}:{port + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = ["configurable-http-proxy"]
c.ConfigurableHTTPProxy.should_start = False  # it outlives the hub, as in a cluster
c.JupyterHub.cleanup_servers = False
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.concurrent_spawn_limit = 200
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}  # z2jh's own
c.JupyterHub.last_activity_interval = int(env["HUB_ACTIVITY_SECONDS"])

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = env["HUB_NAMESPACE"]
c.KubeSpawner.image = env["HUB_IMAGE"]
c.KubeSpawner.uid, c.KubeSpawner.gid, c.KubeSpawner.fs_gid = 1000, 100, 100
c.KubeSpawner.poll_interval = int(env["HUB_POLL_SECONDS"])
c.KubeSpawner.storage_pvc_ensure = True
c.KubeSpawner.storage_capacity = "1Gi"
c.KubeSpawner.pvc_name_template = "claim-{user_server}"
c.KubeSpawner.delete_pvc = False
c.KubeSpawner.volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "claim-{user_server}"}}]
c.KubeSpawner.volume_mounts = [{"name": "home", "mountPath": "/home/jovyan"}]
c.KubeSpawner.update(json.loads(env["HUB_STATIC_SPAWNER"]))
if env["COURSEHUB_URL"]:  # the bench has a hub without
    sys.path.insert(0, env["HUB_GLUE_FOLDER"])
    import coursehub_hub

    coursehub_hub.setup(c)

c.JupyterHub.services = [
    {"name": "coursehub-culler", "api_token": env["HUB_CULLER_TOKEN"]},
    {"name": "tests", "api_token": env["HUB_TESTS_TOKEN"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "coursehub-culler",
        "services": ["coursehub-culler"],
        "scopes": ["list:users", "read:users:name", "read:users:activity", "read:servers", "delete:servers"],
    },
    {"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "access:servers"]},
]
