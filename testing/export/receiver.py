#!/usr/bin/env python3
"""Receives webhooks and holds their signatures against the reference library: receiver.py OUT SECRET [REFUSALS]

Prints its port. Each event's id goes into OUT, one a line, before the answer; a request that does not verify is answered
401 and noted as `BAD`. The first REFUSALS requests are answered 503, and REFUSALS of `redirect` answers all with 302.
"""
import http.server, json, os, sys

from standardwebhooks import Webhook

out, hook = open(sys.argv[1], "a", encoding="utf-8"), Webhook(sys.argv[2])
refusals = sys.argv[3] if len(sys.argv) > 3 else "0"
left = 0 if refusals == "redirect" else int(refusals)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global left
        body = self.rfile.read(int(self.headers["content-length"]))
        if refusals == "redirect":
            note("REDIRECTED")
            return self.answer(302, {"location": "http://127.0.0.1:9/"})
        if left > 0:
            left -= 1
            return self.answer(503, {"retry-after": "1"})
        try:
            hook.verify(body, dict(self.headers.items()))
        except Exception as error:
            note(f"BAD {error}")
            return self.answer(401, {})
        told = json.loads(body)
        assert told["type"] == "audit.events"
        for event in told["data"]["events"]:
            note(event["id"])
        self.answer(204, {})

    def answer(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def note(line):
    out.write(line + "\n")
    out.flush()
    os.fsync(out.fileno())


port = int(os.environ.get("PORT", "0"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
