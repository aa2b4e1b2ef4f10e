"""A stand-in for course-profiles' internal API on a real socket: records requests, answers what a test sets."""

import asyncio

from aiohttp import web

TOKEN = "hub-token-of-the-tests"
SESSION_ID = "3f0c5a36-6d3e-4d0e-9a53-8a8b0a7d6c11"
DENIED = {"decision": "deny", "reason": "not_enrolled", "message": "You are not enrolled in <Deep Learning>. Ask its instructor."}
FORM = '<p>Welcome</p><input type="radio" name="course_profile" value="12-cpu"><input type="radio" name="course_profile" value="12-gpu">'


class FakeCourseProfiles:
    def __init__(self):
        self.port = 0
        self.runner = None
        self.reset()

    def reset(self):
        self.requests, self.status, self.problem = [], 200, "no detail"
        self.token, self.offered, self.settings = TOKEN, {"12-cpu", "12-gpu"}, {}
        self.connections_to_break, self.delay_seconds, self.raw_answer = 0, 0, None
        self.allowed_operations = {"form", "checks", "admissions", "end"}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def calls(self, operation):
        return [request for request in self.requests if request["operation"] == operation]

    async def start(self):
        """On a port from the system; the same one again after stop()."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True, backlog=1000)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def stop(self):
        await self.runner.cleanup()

    async def answer(self, request):
        operation = request.path.rsplit("/", 1)[1]
        body = await request.json() if request.method == "POST" else None
        headers, query = {name.lower(): value for name, value in request.headers.items()}, dict(request.query)
        self.requests.append({"operation": operation, "path": request.path, "query": query, "body": body, "headers": headers})
        if self.connections_to_break > 0:
            self.connections_to_break -= 1
            request.transport.abort()
            return web.Response()
        await asyncio.sleep(self.delay_seconds)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"detail": "unknown token"}, status=401, content_type="application/problem+json")
        if operation not in self.allowed_operations:
            return web.json_response({"detail": f"no {operation}"}, status=403, content_type="application/problem+json")
        if self.status != 200:
            return web.json_response({"detail": self.problem}, status=self.status, content_type="application/problem+json")
        if self.raw_answer is not None:
            return web.Response(text=self.raw_answer)
        return self.good_answer(request.method, request.path, body)

    def good_answer(self, method, path, body):
        if (method, path) == ("GET", "/internal/v1/form"):
            return web.Response(text=FORM, content_type="text/html")
        if (method, path) == ("POST", "/internal/v1/sessions/end"):
            return web.json_response({"ended": True})
        if body["course_profile"] not in self.offered:
            return web.json_response(DENIED)
        admitted = {"decision": "admit", "reason": "admitted", "message": "ok"}
        if (method, path) == ("POST", "/internal/v1/admissions"):
            admitted |= {"session_id": SESSION_ID, "ends_at": None, "settings": self.settings}
        return web.json_response(admitted)
