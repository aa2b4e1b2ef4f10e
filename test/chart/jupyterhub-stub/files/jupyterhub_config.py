"""The hub of the stand-in: sets what Zero to JupyterHub's own configuration sets of the values that coursehub and its tests use."""

import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from tornado.httpclient import AsyncHTTPClient
from z2jh import get_config, get_secret_value

# `c` is JupyterHub's.

try:
    AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")  # as z2jh
except ImportError:
    pass  # without pycurl

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.ConfigurableHTTPProxy.api_url = f"http://proxy-api:{os.environ['PROXY_API_SERVICE_PORT']}"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.auth_token = get_secret_value("hub.config.ConfigurableHTTPProxy.auth_token")
c.JupyterHub.cookie_secret = bytes.fromhex(get_secret_value("hub.config.JupyterHub.cookie_secret"))
c.JupyterHub.cleanup_servers = False
c.JupyterHub.last_activity_interval = 60
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = f"http://hub:{os.environ['HUB_SERVICE_PORT']}"

for trait, key in {
    "concurrent_spawn_limit": "concurrentSpawnLimit",
    "active_server_limit": "activeServerLimit",
    "base_url": "baseUrl",
    "allow_named_servers": "allowNamedServers",
    "named_server_limit_per_user": "namedServerLimitPerUser",
}.items():
    if get_config(f"hub.{key}") is not None:
        c.JupyterHub[trait] = get_config(f"hub.{key}")
c.Spawner.consecutive_failure_limit = get_config("hub.consecutiveFailureLimit")

release = get_config("Release.Name")
app = get_config("nameOverride") or get_config("Chart.Name")
c.KubeSpawner.namespace = os.environ["POD_NAMESPACE"]
c.KubeSpawner.common_labels = {"app": app, "release": release, "chart": "jupyterhub-4.4.0"}
c.KubeSpawner.image = f"{get_config('singleuser.image.name')}:{get_config('singleuser.image.tag')}"
c.KubeSpawner.extra_labels = get_config("singleuser.extraLabels", {})
c.KubeSpawner.environment = get_config("singleuser.extraEnv", {})
c.KubeSpawner.extra_pod_config = get_config("singleuser.extraPodConfig", {})
c.KubeSpawner.start_timeout = get_config("singleuser.startTimeout")
c.KubeSpawner.uid = get_config("singleuser.uid")
c.KubeSpawner.fs_gid = get_config("singleuser.fsGid")
if get_config("singleuser.storage.type") == "dynamic":
    claim, volume = get_config("singleuser.storage.dynamic.pvcNameTemplate"), get_config("singleuser.storage.dynamic.volumeNameTemplate")
    c.KubeSpawner.pvc_name_template = claim
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.storage_capacity = get_config("singleuser.storage.capacity")
    c.KubeSpawner.storage_access_modes = get_config("singleuser.storage.dynamic.storageAccessModes")
    c.KubeSpawner.volumes = {volume: {"name": volume, "persistentVolumeClaim": {"claimName": claim}}}
    c.KubeSpawner.volume_mounts = {volume: {"mountPath": get_config("singleuser.storage.homeMountPath"), "name": volume}}
if get_config("singleuser.cmd"):
    c.Spawner.cmd = get_config("singleuser.cmd")
if get_config("singleuser.defaultUrl"):
    c.Spawner.default_url = get_config("singleuser.defaultUrl")

c.JupyterHub.services = [
    {**{k: v for k, v in service.items() if k != "apiToken"}, "name": service.get("name", key), "api_token": get_secret_value(f"hub.services.{key}.apiToken")}
    for key, service in get_config("hub.services", {}).items()
]
c.JupyterHub.load_roles = [{"name": key, **role} for key, role in get_config("hub.loadRoles", {}).items()]

for section, settings in get_config("hub.config", {}).items():
    c[section].update(settings)

config_d = os.path.join(os.path.dirname(os.path.realpath(__file__)), "jupyterhub_config.d")
for path in sorted(glob.glob(os.path.join(config_d, "*.py"))):
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"))
for key, code in sorted(get_config("hub.extraConfig", {}).items()):
    exec(code)
