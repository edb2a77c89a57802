/// A webhook server as people write them: Python's own HTTPS server. Prints its port, then a line for each connection and request.
let webhookServerProgram = #"""
    import base64, http.server, json, ssl, sys, threading, time

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            print("connection", flush=True)

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = review["request"]
            path = self.path.split("?")[0]
            print("request", self.headers["Host"], self.path, request["operation"], request["kind"]["kind"], flush=True)
            response = {"uid": request["uid"], "allowed": True}
            if path == "/mutate" and request["object"]:
                patch = [{"op": "add", "path": "/metadata/labels", "value": {"touched-by": "python"}}]
                response["patchType"] = "JSONPatch"
                response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
                response["warnings"] = ["labelled by a webhook"]
            if path == "/validate" and (request["object"] or {}).get("data", {}).get("bad"):
                response["allowed"] = False
                response["status"] = {"code": 403, "message": "this map is bad"}
            if path == "/slow":
                time.sleep(30)
            body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """#
