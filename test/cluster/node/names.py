"""The names that a pod can resolve: Services, as /etc/hosts instead of a DNS server. Kept up to date in the files of running pods."""

import threading

from kube_api import log


class Names:
    def __init__(self, api, outside):
        """`outside`: {name: address} of what is not in the cluster."""
        self.outside, self.lock, self.services, self.slices, self.files = outside, threading.Lock(), {}, {}, {}
        self.listed = threading.Event()
        api.follow_in_thread("/api/v1/services", self.service_changed, self.listed.set)
        api.follow_in_thread("/apis/discovery.k8s.io/v1/endpointslices", self.slice_changed)

    def service_changed(self, kind, service):
        self.changed(self.services, kind, service)

    def slice_changed(self, kind, item):
        self.changed(self.slices, kind, item)

    def changed(self, table, kind, item):
        with self.lock:
            table.pop(item["metadata"]["uid"], None)
            if kind != "DELETED":
                table[item["metadata"]["uid"]] = item
            for file, pod in list(self.files.items()):
                self.write(file, pod)

    def add_pod(self, file, pod):
        with self.lock:
            self.files[file] = pod
            self.write(file, pod)

    def remove_pod(self, file):
        with self.lock:
            self.files.pop(file, None)

    def write(self, file, pod):
        """In place: the file is bound into containers."""
        lines = ["127.0.0.1 localhost", f"{pod['status']['podIP']} {pod['spec'].get('hostname') or pod['metadata']['name']}"]
        lines += [f"{address} {name}" for name, address in self.outside.items()]
        for service in self.services.values():
            name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
            full = f"{name}.{namespace}"
            names = f"{full} {full}.svc {full}.svc.cluster.local" + (f" {name}" if namespace == pod["metadata"]["namespace"] else "")
            lines += [f"{address} {names}" for address in self.addresses(service)]
        try:
            with open(file, "w", encoding="utf-8") as out:
                out.write("\n".join(lines) + "\n")
        except OSError as error:
            log(f"{file}: {error}")

    def addresses(self, service):
        """The cluster address, or those of the ready pods of a headless Service."""
        if service["spec"].get("clusterIP") != "None":
            return [service["spec"]["clusterIP"]] if service["spec"].get("clusterIP") else []
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        of_service = [
            item for item in self.slices.values()
            if item["metadata"]["namespace"] == namespace and item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == name
        ]  # fmt: skip
        return [
            address
            for item in of_service
            for endpoint in item.get("endpoints") or []
            if endpoint["conditions"].get("ready")
            for address in endpoint["addresses"]
        ]

    def service_links(self, namespace):
        """NAME_SERVICE_HOST and NAME_SERVICE_PORT[_PORTNAME] of the namespace's Services, as the kubelet sets them."""
        links = {}
        with self.lock:
            for service in self.services.values():
                if service["metadata"]["namespace"] != namespace or service["spec"].get("clusterIP") in (None, "None"):
                    continue
                name = service["metadata"]["name"].upper().replace("-", "_")
                links[f"{name}_SERVICE_HOST"] = service["spec"]["clusterIP"]
                links[f"{name}_SERVICE_PORT"] = str(service["spec"]["ports"][0]["port"])
                for port in service["spec"]["ports"]:
                    if port.get("name"):
                        links[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        return links
