"""A real JupyterHub with its real proxy in a folder of its own, and a browser's session at it."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.parse import quote

import aiohttp

HERE = Path(__file__).resolve().parent
NODE_TOOLS = HERE.parent.parent / "node_modules" / ".bin"
ADMIN_TOKEN = "a-service-token-of-the-tests"
CONFIG = """
import sys
sys.path.insert(0, {hub_folder!r})
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = [{proxy_command!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/home-{{username}}"
c.Spawner.cmd = [sys.executable, {single_user!r}]
c.Spawner.poll_interval = 1
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}]
import coursehub_hub
coursehub_hub.setup(c, **{setup!r})
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


async def until(condition, what, seconds=20):
    """Polls an async condition and returns its first true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = await condition()
        if value:
            return value
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class RealHub:
    def __init__(self, folder, more_config="", **setup):
        self.folder, self.process = Path(folder), None
        public, hub, proxy = free_ports(3)
        self.url = f"http://127.0.0.1:{public}"
        config = CONFIG.format(
            public=public, hub=hub, proxy=proxy, folder=str(folder), hub_folder=str(HERE.parent), token=ADMIN_TOKEN,
            single_user=str(HERE / "single_user_server.py"), proxy_command=str(NODE_TOOLS / "configurable-http-proxy"), setup=setup,
        )  # fmt: skip
        (self.folder / "config.py").write_text(config + more_config)

    @property
    def log(self):
        return (self.folder / "hub.log").read_text()

    async def launch(self):
        keep = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = os.pathsep.join([str(NODE_TOOLS), str(Path(sys.executable).parent), os.environ["PATH"]])
        with open(self.folder / "hub.log", "w") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "jupyterhub", "-f", "config.py",
                cwd=self.folder, env={**keep, "PATH": path}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def start(self):
        await self.launch()
        async with aiohttp.ClientSession() as session:

            async def answers():
                assert self.process.returncode is None, self.log
                try:
                    async with session.get(f"{self.url}/hub/api/") as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await until(answers, "the hub answers", 40)
        return self

    async def stop(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self.process.wait(), 20)

    async def api(self, method, path, body=None):
        """Status and text of a REST call; `body` is JSON, or nothing at all."""
        async with aiohttp.ClientSession(headers={"Authorization": f"token {ADMIN_TOKEN}"}) as session:
            async with session.request(method, f"{self.url}/hub/api{path}", json=body) as response:
                return response.status, await response.text()

    async def rest_start(self, name, body=None):
        """Status of a REST start by a new or known person, and the last message of /server/progress when the hub answers 202."""
        await self.api("POST", f"/users/{quote(name)}")
        status, text = await self.api("POST", f"/users/{quote(name)}/server", body)
        if status != 202:
            return status, text

        async def last_message():  # the hub answers 400 for the moment in which it tidies up after a failed start
            _status, events = await self.api("GET", f"/users/{quote(name)}/server/progress")
            data = re.findall(r"^data: (.*)$", events, re.MULTILINE)
            return data and json.loads(data[-1])["message"]

        return status, await until(last_message, "/server/progress has a message")

    async def server(self, name):
        _status, text = await self.api("GET", f"/users/{quote(name)}")
        return json.loads(text)["servers"].get("")

    async def environment(self, name):
        """What the person's running server has in its environment."""

        async def ready():
            server = await self.server(name)
            return server and server["ready"]

        await until(ready, f"the server of {name} is ready")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{self.url}/user/{quote(name)}/") as response:
                return await response.json(content_type=None)

    async def stop_server(self, name):
        await self.api("DELETE", f"/users/{quote(name)}/server")

        async def gone():
            return not await self.server(name)

        await until(gone, f"the server of {name} is gone")


class Browser:
    """A person's cookies at the hub."""

    def __init__(self, hub):
        self.hub, self.session = hub, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        await self.session.close()

    async def get(self, path):
        async with self.session.get(self.hub.url + path, headers={"Sec-Fetch-Mode": "navigate"}) as response:
            return response.status, await response.text(), response.url.path

    async def post(self, path, fields):
        data = aiohttp.FormData([("_xsrf", self.xsrf()), *fields])
        async with self.session.post(self.hub.url + path, data=data) as response:
            return response.status, await response.text(), response.url.path

    def xsrf(self):
        return next(cookie.value for cookie in self.session.cookie_jar if cookie.key == "_xsrf" and cookie["path"] == "/hub/")

    async def sign_in(self, name):
        await self.get("/hub/login")
        return await self.post("/hub/login?next=%2Fhub%2Fhome", [("username", name), ("password", "x")])
