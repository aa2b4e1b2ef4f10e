"""The cheapest single-user server that JupyterHub accepts: answers its environment and its process id, as JSON, to everything."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Environment(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({**os.environ, "OWN_PID": str(os.getpid())}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
ThreadingHTTPServer((address.hostname, address.port), Environment).serve_forever()
