"""Just enough gRPC for a benchmark: unary calls over one HTTP/2 connection on a unix socket, protobuf written by hand.

Frames: RFC 9113. Headers go out as literals without indexing (RFC 7541, 6.2.2); those that come in are not needed: an answer is the
DATA frames, an error is a stream that ends without any."""
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4


class Channel:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.stream = -1
        self.received = b''
        self.socket.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(SETTINGS, 0, 0, b'') + frame(WINDOW_UPDATE, 0, 0, struct.pack('>I', 1 << 30)))

    def call(self, method, message):
        """The fields of the answer, as `fields` gives them."""
        self.stream += 2
        headers = b''.join(literal(name, value) for name, value in (
            (':method', 'POST'), (':scheme', 'http'), (':path', method), (':authority', 'localhost'),
            ('content-type', 'application/grpc'), ('te', 'trailers')))
        body = b'\0' + struct.pack('>I', len(message)) + message
        self.socket.sendall(frame(HEADERS, END_HEADERS, self.stream, headers) + frame(DATA, END_STREAM, self.stream, body))
        answer = b''
        while True:
            kind, flags, stream, payload = self.next_frame()
            if kind == SETTINGS and not flags & ACK:
                self.socket.sendall(frame(SETTINGS, ACK, 0, b''))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY or (kind == RST_STREAM and stream == self.stream):
                raise RuntimeError(f'{method}: the connection was given up')
            if stream != self.stream:
                continue
            if kind == DATA:
                answer += payload
            if flags & END_STREAM and kind in (DATA, HEADERS):
                break
        if not answer:
            raise RuntimeError(f'{method}: refused')
        return fields(answer[5:])

    def next_frame(self):
        head = self.exactly(9)
        length = int.from_bytes(head[:3], 'big')
        return head[3], head[4], int.from_bytes(head[5:], 'big') & 0x7fffffff, self.exactly(length)

    def exactly(self, count):
        while len(self.received) < count:
            piece = self.socket.recv(65536)
            if not piece:
                raise RuntimeError('the connection ended')
            self.received += piece
        taken, self.received = self.received[:count], self.received[count:]
        return taken


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + payload


def literal(name, value):
    """Both shorter than 127 bytes, not Huffman coded."""
    return b'\0' + b''.join(bytes([len(text)]) + text.encode() for text in (name, value))


def varint(number):
    encoded = b''
    while number > 127:
        encoded += bytes([number & 127 | 128])
        number >>= 7
    return encoded + bytes([number])


def message(*parts):
    """(field number, int | str | bytes) each."""
    encoded = b''
    for number, value in parts:
        if isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            encoded += varint(number << 3 | 2) + varint(len(value)) + value
    return encoded


def fields(encoded):
    """The last value of each field, by its number; wire types 0 and 2, which is all that is asked for here."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = encoded[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(encoded):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        elif key & 7 == 2:
            length = number()
            found[key >> 3] = encoded[at:at + length]
            at += length
        else:
            break
    return found
