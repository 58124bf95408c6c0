#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server's Redfish service for tests: one system whose power a POST to its Reset action changes.

redfish.py CERTIFICATE_AND_KEY READY_FILE: listens on a free port of 127.0.0.1 and writes it to READY_FILE.
"""
import base64
import http.server
import json
import os
import ssl
import sys

SYSTEM = "/redfish/v1/Systems/1"
RESET = SYSTEM + "/Actions/ComputerSystem.Reset"
ALLOWED = "Basic " + base64.b64encode(b"fence:secret").decode()
power = "On"


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def allowed(self):
        if self.headers.get("Authorization") == ALLOWED:
            return True
        self.answer(401, {"error": "who are you?"})
        return False

    def do_GET(self):
        if not self.allowed():
            return
        resources = {
            "/redfish/v1": {"Systems": {"@odata.id": "/redfish/v1/Systems"}},
            "/redfish/v1/Systems": {"Members": [{"@odata.id": SYSTEM}]},
            SYSTEM: {"PowerState": power, "Actions": {"#ComputerSystem.Reset": {"target": RESET}}},
        }
        path = self.path.rstrip("/")
        self.answer(200, resources[path]) if path in resources else self.answer(404, {})

    def do_POST(self):
        global power
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            return
        kinds = {"On": "On", "ForceOff": "Off", "ForceRestart": "On"}
        if self.path != RESET or body.get("ResetType") not in kinds:
            return self.answer(400, {})
        power = kinds[body["ResetType"]]
        self.answer(204)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(sys.argv[2] + ".new", "w") as ready:
    ready.write(str(server.server_port))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
