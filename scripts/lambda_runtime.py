"""Plays AWS Lambda for a `bootstrap`: its runtime interface, and API Gateway's events (HTTP API, payload 2.0).

    lambda_runtime.py BOOTSTRAP PROJECT PATH [PATH ...] [--method POST --body TEXT] [--header 'x-api-key: KEY']
                      [--stage NAME] [--authorizer JSON]

Starts the function as Lambda does, sends one event after the other, and prints an answer a line, as JSON: status, headers,
body, and how long it took. The first one's time is the cold start: from the start of the process to its answer.
Interface: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import argparse
import base64
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST_ANSWER_BYTES = 6 * 1024 * 1024

events, answers = queue.Queue(), queue.Queue()


class Runtime(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out together: apart, the second waits for the first to be acknowledged.
    wbufsize = -1

    def do_GET(self):
        if self.path != "/2018-06-01/runtime/invocation/next":
            return self.reply(404)
        event = json.dumps(events.get()).encode()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 30) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:results",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        }
        self.reply(200, event, headers)

    def do_POST(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self.chunks()
        self.reply(202)
        answers.put((self.path.rsplit("/", 1)[-1], body))

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status, body=b"", headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def event(args, path):
    raw_path, _, query = path.partition("?")
    stage = args.stage or "$default"
    if args.stage:
        raw_path = f"/{stage}{raw_path}"
    headers = {"host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "accept": "*/*"}
    for header in args.header:
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    context = {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": headers["host"],
        "domainPrefix": "a1b2c3d4e5",
        "http": {
            "method": args.method,
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "test",
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": stage,
        "time": "26/Nov/2026:00:00:00 +0000",
        "timeEpoch": 1795651200000,
    }
    if args.authorizer:
        context["authorizer"] = json.loads(args.authorizer)
    made = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if args.body is not None:
        made["body"] = base64.b64encode(args.body.encode()).decode()
        made["isBase64Encoded"] = True
        headers.setdefault("content-type", "application/json")
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bootstrap")
    parser.add_argument("project")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--body")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--stage")
    parser.add_argument("--authorizer")
    args = parser.parse_args()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "results",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "LAMBDA_TASK_ROOT": os.path.abspath(args.project),
    }
    began = time.perf_counter()
    function = subprocess.Popen([os.path.abspath(args.bootstrap)], cwd=args.project, env=environment)
    try:
        for path in args.paths:
            events.put(event(args, path))
            while True:
                try:
                    kind, body = answers.get(timeout=0.2)
                    break
                except queue.Empty:
                    if function.poll() is not None:
                        sys.exit(f"the function ended with {function.returncode}")
            took = time.perf_counter() - began
            if kind != "response" or len(body) > MOST_ANSWER_BYTES:
                sys.exit(f"{path}: {kind} of {len(body)} bytes: {body[:500].decode(errors='replace')}")
            answer = json.loads(body)
            text = answer.get("body") or ""
            if answer.get("isBase64Encoded"):
                text = base64.b64decode(text).decode(errors="replace")
            shown = {"status": answer["statusCode"], "headers": answer.get("headers", {}), "body": text}
            print(json.dumps(shown | {"milliseconds": round(took * 1000, 1)}), flush=True)
            began = time.perf_counter()
    finally:
        function.terminate()
        function.wait(10)


main()
