"""What a pod's specification gives its containers: files of the volumes, environment variables, names in /etc/hosts."""

import os
import re
import shutil

from kube_api import NotFound


def write_items(folder, data, items=None, mode=None):
    """Keys of a ConfigMap or Secret as files; `items` chooses and renames. A chosen key that is missing is an error, as in the real kubelet."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, name in [(item["key"], item["path"]) for item in items] if items else [(key, key) for key in data]:
        if key not in data:
            raise OSError(f"references a key that is not there: {key}")
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data[key])
        file.chmod(0o644 if mode is None else mode)


def field(pod, path):
    """Value of a fieldRef: a path, or metadata.labels['key']."""
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return (pod["metadata"].get(keyed[1]) or {}).get(keyed[2], "")
    value = pod
    for part in path.split("."):
        value = (value or {}).get(part)
    return "" if value is None else str(value)


class PodFiles:
    def __init__(self, api, pod, folder, claims):
        self.api, self.pod, self.folder, self.claims = api, pod, folder, claims
        self.namespace = pod["metadata"]["namespace"]

    def volumes(self):
        """{name: folder} of all volumes, written. Raises OSError or NotFound with a sentence when something is missing."""
        return {volume["name"]: self.volume(volume) for volume in self.pod["spec"].get("volumes", [])}

    def volume(self, volume):
        folder = self.folder / "volumes" / volume["name"]
        if "persistentVolumeClaim" in volume:
            folder = self.claims / self.namespace / volume["persistentVolumeClaim"]["claimName"]
            return shared_folder(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if "configMap" in volume:
            self.keyed(folder, "configmaps", volume["configMap"]["name"], volume["configMap"])
        elif "secret" in volume:
            self.keyed(folder, "secrets", volume["secret"]["secretName"], volume["secret"])
        elif "projected" in volume:
            mode = volume["projected"].get("defaultMode")
            for source in volume["projected"]["sources"]:
                self.projected(folder, source, mode)
        elif "downwardAPI" in volume:
            self.downward(folder, volume["downwardAPI"]["items"])
        else:  # emptyDir and what this kubelet does not know
            return shared_folder(folder)
        self.give_to_group(folder)
        return folder

    def keyed(self, folder, plural, name, source, mode=None):
        try:
            data = self.api.data(plural, name, self.namespace)
        except NotFound:
            if not source.get("optional"):
                raise
            data = {}
        write_items(folder, data, source.get("items"), source.get("defaultMode", mode))

    def projected(self, folder, source, mode):
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            token = self.api.account_token(self.namespace, self.pod["spec"].get("serviceAccountName", "default"))
            write_items(folder, {wanted["path"]: token.encode()}, None, mode)
        if "configMap" in source:
            self.keyed(folder, "configmaps", source["configMap"]["name"], source["configMap"], mode)
        if "secret" in source:
            self.keyed(folder, "secrets", source["secret"]["name"], source["secret"], mode)
        if "downwardAPI" in source:
            self.downward(folder, source["downwardAPI"]["items"])

    def downward(self, folder, items):
        write_items(folder, {item["path"]: field(self.pod, item["fieldRef"]["fieldPath"]).encode() for item in items})

    def give_to_group(self, folder):
        """fsGroup: a process that is not root reads a Secret of mode 0400 only through it."""
        group = self.pod["spec"].get("securityContext", {}).get("fsGroup")
        if group is None:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, -1, group)
            path.chmod(path.stat().st_mode | (0o750 if path.is_dir() else 0o040))

    def environment(self, container, image_environment, service_links):
        """The container's variables. Later ones may use earlier ones by $(NAME)."""
        environment = {"HOME": "/root", "LANG": "C.UTF-8", "HOSTNAME": self.pod["metadata"]["name"], **image_environment}
        if self.pod["spec"].get("enableServiceLinks", True):
            environment |= service_links(self.namespace)
        environment |= {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "KUBERNETES_SERVICE_PORT_HTTPS": "443"}
        for source in container.get("envFrom", []):
            plural, reference = ("configmaps", source.get("configMapRef")) if "configMapRef" in source else ("secrets", source["secretRef"])
            data = self.data_or_empty(plural, reference)
            environment |= {source.get("prefix", "") + key: value.decode() for key, value in data.items()}
        for variable in container.get("env", []):
            value = self.variable(variable)
            if value is not None:
                environment[variable["name"]] = expand(value, environment)
        return environment

    def variable(self, variable):
        source = variable.get("valueFrom")
        if not source:
            return variable.get("value", "")
        if "fieldRef" in source:
            return field(self.pod, source["fieldRef"]["fieldPath"])
        for kind, plural in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
            if kind not in source:
                continue
            data, key = self.data_or_empty(plural, source[kind]), source[kind]["key"]
            if key in data:
                return data[key].decode()
            if source[kind].get("optional"):
                return None
            raise OSError(f"couldn't find key {key} in {plural} {source[kind]['name']}")
        return "0"  # resourceFieldRef

    def data_or_empty(self, plural, reference):
        try:
            return self.api.data(plural, reference["name"], self.namespace)
        except NotFound:
            if reference.get("optional"):
                return {}
            raise


def shared_folder(folder):
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    return folder


def expand(text, environment):
    """$(NAME) of a known variable; anything else stays as it is."""
    return re.sub(r"\$\((\w+)\)", lambda match: environment.get(match[1], match[0]), text)
