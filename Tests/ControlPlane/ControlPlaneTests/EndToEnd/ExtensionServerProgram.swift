/// An extension API server as small as they come: Python's own HTTPS server, which believes the front proxy alone. Prints its port.
///
/// Arguments: certificate with key, authority of the front proxy.
let extensionServerProgram = #"""
    import http.server, json, ssl, sys

    GROUP = "/apis/wardle.example.com/v1alpha1"

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def send(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def holder(self):
            subject = self.connection.getpeercert()["subject"]
            return dict(pair for part in subject for pair in part)["commonName"]

        def do_GET(self):
            path, _, query = self.path.partition("?")
            if path == GROUP:
                flunders = {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder",
                            "verbs": ["create", "get", "list", "watch"]}
                return self.send(200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP[6:],
                                       "resources": [flunders]})
            if "watch=1" in query:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for name in ("one", "two"):
                    line = json.dumps({"type": "ADDED", "object": {"metadata": {"name": name}}}).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")
                return
            if path.startswith(GROUP):
                return self.send(200, {"kind": "FlunderList", "apiVersion": GROUP[6:], "items": [], "metadata": {
                    "user": self.headers["X-Remote-User"], "groups": self.headers.get_all("X-Remote-Group"),
                    "client": self.holder()}})
            self.send(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404})

        def do_POST(self):
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send(201, given)

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    context.load_verify_locations(sys.argv[2])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """#
