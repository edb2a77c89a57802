/// A node agent's side of logs, exec and port-forward, in Python. Asks for the API server's client certificate. Prints its port, then requests.
///
/// `log`: a line, and another when the file `go` is there; of the container `big` 24 MiB. `exec` by WebSocket or SPDY: the command, then what
/// comes on standard input. `portForward` by SPDY, plain or carried in a WebSocket: everything comes back as it came. Any other upgrade too.
let stubKubeletProgram = #"""
    import base64, hashlib, http.server, json, os, ssl, struct, sys, time, zlib
    from urllib.parse import parse_qs, urlsplit

    def dictionary():
        """The preset dictionary of SPDY/3 header compression."""
        words = """options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
            authorization cache-control connection content-base content-encoding content-language content-length content-location
            content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range
            if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer
            retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status
            200_OK version HTTP/1.1 url public set-cookie keep-alive origin""".split()
        text = b"".join(struct.pack(">I", len(w)) + w.replace("_", " ").encode() for w in words)
        text += b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
        text += b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
        text += b"403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
        text += b"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
        text += b"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,public"
        text += b"privatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
        return text

    def status_of(command):
        if command[:1] != ["fail"]:
            return json.dumps({"metadata": {}, "status": "Success"}).encode()
        return json.dumps({"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                           "message": "command terminated with non-zero exit code: exit status 3",
                           "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}).encode()

    class SPDY:
        def __init__(self, read, write, path):
            self.read, self.write = read, write
            self.query = parse_qs(urlsplit(path).query)
            self.isExec = path.startswith("/exec/")
            self.streams = {}
            self.inflate = zlib.decompressobj(zdict=dictionary())
            self.deflate = zlib.compressobj(zdict=dictionary())

        def control(self, kind, data, flags=0):
            self.write(struct.pack(">HHI", 0x8003, kind, flags << 24 | len(data)) + data)

        def data(self, stream, data, flags=0):
            for start in range(0, max(len(data), 1), 32768):
                part = data[start:start + 32768]
                last = start + 32768 >= len(data)
                self.write(struct.pack(">II", stream, (flags if last else 0) << 24 | len(part)) + part)

        def id_of(self, kind):
            return next(i for i, h in self.streams.items() if h["streamtype"] == kind)

        def run(self):
            while True:
                head = self.read(8)
                if len(head) < 8:
                    return
                first, second = struct.unpack(">II", head)
                flags, body = second >> 24, self.read(second & 0xffffff)
                if first >> 31:
                    if self.took_control(first & 0xffff, body):
                        return
                elif self.took_data(first, flags, body):
                    return

        def took_control(self, kind, body):
            if kind == 6:
                self.control(6, body)
            if kind == 7:
                return True
            if kind != 1:
                return False
            stream = struct.unpack(">I", body[:4])[0]
            block = self.inflate.decompress(body[10:])
            fields, position = {}, 4
            for _ in range(struct.unpack(">I", block[:4])[0]):
                pair = []
                for _ in range(2):
                    length = struct.unpack(">I", block[position:position + 4])[0]
                    pair.append(block[position + 4:position + 4 + length].decode())
                    position += 4 + length
                fields[pair[0].lower()] = pair[1]
            self.streams[stream] = fields
            reply = self.deflate.compress(struct.pack(">I", 0)) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
            self.control(2, struct.pack(">I", stream) + reply)
            if self.isExec and len(self.streams) == 1 + sum(n in self.query for n in ["input", "output", "error", "tty"]):
                self.data(self.id_of("stdout"), (" ".join(self.query.get("command", [])) + "\n").encode())
                if "input" not in self.query:
                    return self.end()
            return False

        def end(self):
            self.data(self.id_of("error"), status_of(self.query.get("command", [])), 1)
            for kind in ["stdout", "stderr"]:
                if any(h["streamtype"] == kind for h in self.streams.values()):
                    self.data(self.id_of(kind), b"", 1)
            # Its client has the last word: leaving first could destroy what is under way.
            while self.read(1):
                pass
            return True

        def took_data(self, stream, flags, body):
            kind = self.streams[stream]["streamtype"]
            if self.isExec and kind == "stdin":
                if body:
                    self.data(self.id_of("stdout"), body)
                return bool(flags & 1) and self.end()
            if not self.isExec and kind == "data":
                if body or flags & 1:
                    self.data(stream, body, flags & 1)
                if flags & 1:
                    request = self.streams[stream]["requestid"]
                    self.data(next(i for i, h in self.streams.items()
                                   if h["streamtype"] == "error" and h["requestid"] == request), b"", 1)
            return False

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_GET(self):
            user = dict(x[0] for x in self.connection.getpeercert()["subject"]).get("commonName")
            print(self.command, self.path, user, flush=True)
            path = self.path.split("?")[0]
            if "upgrade" in self.headers.get("Connection", "").lower():
                return self.upgrade()
            if path.startswith("/containerLogs/"):
                return self.log(path)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(("you asked for " + self.path + "\n").encode())
            self.close_connection = True

        do_POST = do_GET

        def log(self, path):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            def chunk(data):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            if path.endswith("/big"):
                for index in range(24 * 16):
                    chunk(bytes([index % 251]) * 65536)
            else:
                chunk(b"first\n")
                if "follow=true" in self.path:
                    while not os.path.exists("go"):
                        time.sleep(0.01)
                    chunk(b"second\n")
            chunk(b"")

        def switch(self, protocol, more):
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", protocol)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.flush()

        def upgrade(self):
            self.close_connection = True
            if self.headers["Upgrade"].lower() != "websocket":
                offered = self.headers.get_all("X-Stream-Protocol-Version", [])
                wanted = [p for p in ["v4.channel.k8s.io", "portforward.k8s.io"] if p in offered]
                self.switch(self.headers["Upgrade"], {"X-Stream-Protocol-Version": wanted[0]} if wanted else {})
                if wanted:
                    return SPDY(self.rfile.read, self.send, self.path).run()
                while True:
                    data = self.rfile.read1(65536)
                    if not data:
                        return
                    self.send(data)
            offered = [p.strip() for p in self.headers.get("Sec-WebSocket-Protocol", "").split(",")]
            known = ["v5.channel.k8s.io", "v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"]
            protocol = next((p for p in known if p in offered), None)
            if protocol is None:
                self.send_error(400, "unknown protocols " + str(offered))
                return
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.switch("websocket", {
                "Sec-WebSocket-Accept": base64.b64encode(hashlib.sha1(key.encode()).digest()).decode(),
                "Sec-WebSocket-Protocol": protocol})
            if protocol.startswith("SPDY"):
                self.tunnelled = b""
                return SPDY(self.read_tunnelled, lambda data: self.frame(2, data), self.path).run()
            self.session()

        def send(self, data):
            self.wfile.write(data)
            self.wfile.flush()

        def read_tunnelled(self, count):
            while len(self.tunnelled) < count:
                opcode, data = self.receive()
                if opcode == 8:
                    return b""
                if opcode == 9:
                    self.frame(10, data)
                else:
                    self.tunnelled += data
            data, self.tunnelled = self.tunnelled[:count], self.tunnelled[count:]
            return data

        def frame(self, opcode, data):
            head = bytes([0x80 | opcode])
            if len(data) < 126:
                head += bytes([len(data)])
            elif len(data) < 65536:
                head += b"\x7e" + struct.pack(">H", len(data))
            else:
                head += b"\x7f" + struct.pack(">Q", len(data))
            self.wfile.write(head + data)
            self.wfile.flush()

        def receive(self):
            head = self.rfile.read(2)
            if len(head) < 2:
                return 8, b""
            length = head[1] & 127
            if length == 126:
                length = struct.unpack(">H", self.rfile.read(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.rfile.read(8))[0]
            mask = self.rfile.read(4)
            data = self.rfile.read(length)
            return head[0] & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

        def session(self):
            query = parse_qs(urlsplit(self.path).query)
            # kubectl 1.30 throws away, with a complaint, what comes before it has made its streams.
            time.sleep(0.3)
            command = query.get("command", [])
            self.frame(2, b"\x01" + (" ".join(command) + "\n").encode())
            while "input" in query:
                opcode, data = self.receive()
                if opcode == 8:
                    return
                if opcode == 9:
                    self.frame(10, data)
                elif data[:2] == b"\xff\x00":
                    break
                elif data[:1] == b"\x00" and len(data) > 1:
                    self.frame(2, b"\x01" + data[1:])
            self.frame(2, b"\x03" + status_of(command))
            self.frame(8, struct.pack(">H", 1000))
            self.receive()

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

/// A client that upgrades through the API server and sends 8 MiB of noise, reading what comes back at the same time. Says whether it is the same.
let echoClientProgram = #"""
    import os, select, socket, ssl, sys

    host, port, folder, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    context = ssl.create_default_context(cafile=folder + "/pki/ca.crt")
    context.load_cert_chain(folder + "/pki/admin.crt", folder + "/pki/admin.key")
    connection = context.wrap_socket(socket.create_connection((host, port)), server_hostname=host)
    # It offers no stream protocol: the stub sends bytes back as they are.
    connection.sendall(("POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                        "Content-Length: 0\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    print(head.split(b"\r\n")[0].decode(), flush=True)
    sent, received, position = os.urandom(8 << 20), bytearray(), 0
    connection.setblocking(False)
    while len(received) < len(sent):
        select.select([connection], [connection] if position < len(sent) else [], [], 1)
        try:
            while data := connection.recv(65536):
                received.extend(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            if position < len(sent):
                position += connection.send(sent[position:position + 65536])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
    print("same" if bytes(received) == sent else "different", flush=True)
    """#

/// Connects to a port, sends a megabyte of noise and its end, and prints whether the same came back.
let forwardClientProgram = #"""
    import os, socket, sys, threading

    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    sent, received = os.urandom(1 << 20), bytearray()
    def read():
        while data := connection.recv(65536):
            received.extend(data)
    reader = threading.Thread(target=read)
    reader.start()
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)
    reader.join()
    print("same" if bytes(received) == sent else "different")
    """#
