"""The glue with KubeSpawner's own code, as far as it goes without a cluster: what is in the pod's manifest."""

import json
import os
import tempfile
from types import SimpleNamespace

import pytest
from coursehub_hub import setup
from fake_course_profiles import SESSION_ID, TOKEN
from traitlets.config import Config

# KubeSpawner reads a kubeconfig when it is made; nothing here calls the address.
KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "none",
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}], "users": [{"name": "none", "user": {}}],
}  # fmt: skip
FOLDER = tempfile.TemporaryDirectory()  # removed when the interpreter ends
os.environ["KUBECONFIG"] = os.path.join(FOLDER.name, "config")  # the name is read when kubernetes_asyncio is imported
with open(os.environ["KUBECONFIG"], "w", encoding="utf-8") as file:
    json.dump(KUBECONFIG, file)

from kubespawner import KubeSpawner  # noqa: E402

SETTINGS = {
    "image": "registry.example.org/gpu:2026", "cpu_guarantee": 0.5, "cpu_limit": 4, "mem_guarantee": "1G", "mem_limit": "8G",
    "extra_resource_limits": {"nvidia.com/gpu": "1"}, "extra_resource_guarantees": {"nvidia.com/gpu": "1"},
    "node_selector": {"gpu": "a100"}, "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}, {"name": "odd", "nfs": {"server": "nfs", "path": "/{data}"}}],
    "volume_mounts": [{"name": "shm", "mountPath": "/dev/shm"}, {"name": "odd", "mountPath": "/{data}", "readOnly": True}],
    "environment": {"JSON": '{"course": {"id": 12}}', "COURSEHUB_SESSION": "forged"}, "default_url": "/lab/tree/{week}.ipynb",
    "extra_labels": {"coursehub.dev/course": "12", "coursehub.dev/session": "forged"}, "start_timeout": 900,
    "extra_annotations": {"coursehub.dev/title": "Sets {a, b} and {}"},
    "extra_pod_config": {"activeDeadlineSeconds": 14700, "hostNetwork": True}, "service_account": "admin",
}  # fmt: skip


def kubespawner(course_profiles, server="", **operators_own):
    c = Config()
    c.KubeSpawner.namespace = "hub"
    c.KubeSpawner.update(operators_own)
    setup(c, url=course_profiles.url, token=TOKEN)
    orm_spawner = SimpleNamespace(name=server, user_options=None, server=None, state=None)
    user = SimpleNamespace(name="o'brien@uni", id=7, url="/user/x/")
    spawner = KubeSpawner(_mock=True, config=c, user=user, orm_spawner=orm_spawner)
    spawner.user_options = {"course_profile": "12-gpu", "profile": "KubeSpawner's key"}
    spawner.handler = None
    return spawner


async def manifest(spawner):
    await spawner.run_pre_spawn_hook()
    pod = (await spawner.get_pod_manifest()).to_dict()
    (container,) = pod["spec"]["containers"]
    return pod, container, {item["name"]: item.get("value") for item in container["env"]}


async def test_settings_arrive_in_the_manifest_with_their_braces(course_profiles):
    course_profiles.settings = SETTINGS
    spawner = kubespawner(course_profiles)
    pod, container, env = await manifest(spawner)
    assert container["image"] == "registry.example.org/gpu:2026"
    assert container["resources"]["limits"] == {"cpu": 4, "memory": 8 * 2**30, "nvidia.com/gpu": "1"}
    assert container["resources"]["requests"] == {"cpu": 0.5, "memory": 2**30, "nvidia.com/gpu": "1"}
    assert (pod["spec"]["node_selector"], pod["spec"]["active_deadline_seconds"]) == ({"gpu": "a100"}, 14700)
    assert not pod["spec"].get("host_network") and pod["spec"].get("service_account_name") is None
    assert pod["spec"]["tolerations"][0]["key"] == "gpu"
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["shm", "odd"]
    assert pod["spec"]["volumes"][1]["nfs"]["path"] == container["volume_mounts"][1]["mount_path"] == "/{data}"
    assert env["JSON"] == '{"course": {"id": 12}}' and env["COURSEHUB_SESSION"] == SESSION_ID
    assert env["JUPYTERHUB_DEFAULT_URL"] == "/lab/tree/{week}.ipynb"
    labels, annotations = pod["metadata"]["labels"], pod["metadata"]["annotations"]
    assert labels["coursehub.dev/session"] == annotations["coursehub.dev/session"] == SESSION_ID
    assert labels["coursehub.dev/course"] == "12" and annotations["coursehub.dev/title"] == "Sets {a, b} and {}"
    assert spawner.start_timeout == 900 and spawner.user_options == {"course_profile": "12-gpu"}
    placement = course_profiles.calls("admissions")[0]["body"]["placement"]
    assert placement == {"namespace": "hub", "pod": pod["metadata"]["name"]}


@pytest.mark.parametrize("volumes", [[{"name": "home"}], {"home": {"name": "home"}}])
async def test_what_operators_configured_stays_and_keeps_its_templates(course_profiles, volumes):
    course_profiles.settings = SETTINGS
    own = {"environment": {"WHO": "{unescaped_username}"}, "extra_labels": {"site": "{userid}"}, "volumes": volumes}
    pod, _container, env = await manifest(kubespawner(course_profiles, **own))
    assert env["WHO"] == "o'brien@uni" and env["JSON"] == '{"course": {"id": 12}}' and pod["metadata"]["labels"]["site"] == "7"
    assert {volume["name"] for volume in pod["spec"]["volumes"]} == {"home", "shm", "odd"}
    assert own["environment"] == {"WHO": "{unescaped_username}"} and len(volumes) == 1


async def test_named_server_and_hooks_reach_kubespawner_through_c_spawner(course_profiles):
    spawner = kubespawner(course_profiles, server="second")
    assert "course_profile" in await spawner.get_options_form()
    assert await spawner.options_from_query({"course_profile": ["12-gpu"]}) == {"course_profile": "12-gpu"}
    await manifest(spawner)
    await spawner.run_post_stop_hook()
    assert course_profiles.calls("end")[0]["body"] == {"user": "o'brien@uni", "server": "second", "session_id": SESSION_ID}
