#!/usr/bin/env python3
"""A small kube-proxy for tests: each Service's own address and port leads to its ready pods' target port, connection by connection, in turn.

The Services' addresses are all local to the node (netns.sh). The Service `kubernetes` leads to the apiserver.

  kube_proxy.py --kubeconfig FILE      ends with SIGTERM or with its parent
"""

import argparse
import asyncio
import os
import signal
import threading
from urllib.parse import urlsplit

from kube_api import Api, log


class ServicePort:
    """One listening address of a Service."""

    def __init__(self, proxy, key, address, port):
        self.proxy, self.key, self.address, self.port, self.turn, self.server = proxy, key, address, port, 0, None

    async def open(self):
        try:
            self.server = await asyncio.start_server(self.serve, self.address, self.port)
        except OSError as error:
            log(f"{self.key} {self.address}:{self.port}: {error}")

    async def serve(self, reader, writer):
        """To the next ready pod; a pod that refuses is passed over, as long as there is another."""
        targets = self.proxy.targets.get(self.key, [])
        for attempt in range(len(targets)):
            self.turn += 1
            host, port = targets[self.turn % len(targets)]
            try:
                to_reader, to_writer = await asyncio.wait_for(asyncio.open_connection(host, port), 3)
            except (OSError, asyncio.TimeoutError):
                continue
            await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))
            to_writer.close()
            writer.close()
            return
        writer.transport.abort()  # a reset: as a Service without endpoints refuses


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


class KubeProxy:
    def __init__(self, kubeconfig):
        self.api, self.services, self.slices, self.open_ports, self.targets = Api(kubeconfig), {}, {}, {}, {}
        self.loop, self.dirty = asyncio.get_running_loop(), asyncio.Event()
        self.api.follow_in_thread("/api/v1/services", lambda *event: self.changed(self.services, *event))
        self.api.follow_in_thread("/apis/discovery.k8s.io/v1/endpointslices", lambda *event: self.changed(self.slices, *event))

    def changed(self, table, kind, item):
        """Called in the threads that follow the apiserver."""
        uid = item["metadata"]["uid"]
        table.pop(uid, None) if kind == "DELETED" else table.__setitem__(uid, item)
        self.loop.call_soon_threadsafe(self.dirty.set)

    async def run(self):
        while True:
            await self.dirty.wait()
            self.dirty.clear()
            wanted = self.wanted()
            for key in [key for key in self.open_ports if key not in wanted]:
                server = self.open_ports.pop(key).server
                if server:
                    server.close()
            for key, (address, port) in wanted.items():
                if key not in self.open_ports:
                    self.open_ports[key] = ServicePort(self, key, address, port)
                    await self.open_ports[key].open()

    def wanted(self):
        """{(namespace, service, port name, address): (address, port)}, and who is behind it into self.targets."""
        wanted, targets = {}, {}
        for service in list(self.services.values()):
            meta, address = service["metadata"], service["spec"].get("clusterIP")
            if not address or address == "None":
                continue
            for port in service["spec"]["ports"]:
                key = (meta["namespace"], meta["name"], port.get("name", ""), address)
                wanted[key] = (address, port["port"])
                targets[key] = self.behind(meta["namespace"], meta["name"], port.get("name", ""))
        self.targets = targets
        return wanted

    def behind(self, namespace, name, port_name):
        if (namespace, name) == ("default", "kubernetes"):
            server = urlsplit(self.api.server)
            return [(server.hostname, server.port)]
        found = []
        for item in list(self.slices.values()):
            meta = item["metadata"]
            if meta["namespace"] != namespace or meta.get("labels", {}).get("kubernetes.io/service-name") != name:
                continue
            ports = [port["port"] for port in item.get("ports") or [] if (port.get("name") or "") == port_name]
            ready = [endpoint for endpoint in item.get("endpoints") or [] if endpoint["conditions"].get("ready")]
            found += [(endpoint["addresses"][0], port) for endpoint in ready for port in ports]
        return found


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", required=True)
    proxy = KubeProxy(parser.parse_args().kubeconfig)
    log("kube-proxy runs")
    await proxy.run()


def end_with_parent(parent):
    while os.getppid() == parent:
        threading.Event().wait(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    asyncio.run(main())
