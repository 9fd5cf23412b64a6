"""Mirrors on loopback that misbehave, each in its own way, for the tests of downloads."""

import contextlib
import gzip
import http.server
import os
import socket
import struct
import threading
import urllib.parse

PATIENCE = 15  # seconds for which a mirror keeps somebody waiting


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serve `server.files`; of these `server.spared` properly, the others as the path says."""

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        if self.path.startswith("/dead/"):
            self.wait()
        self.answer(b"", 0)

    def do_GET(self):
        how, name = urllib.parse.unquote(self.path).strip("/").split("/")
        content = self.server.files[name]
        (GOOD if name in self.server.spared else BEHAVIOURS[how])(self, content)

    def answer(self, content, length=None, status=200, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def half(self, content):
        self.answer(content[: len(content) // 2], len(content))

    def wait(self, seconds=PATIENCE):
        self.server.kept_waiting.set()
        self.server.over.wait(seconds)

    def trickle(self, content, pause=0.05):
        for i in range(min(len(content), int(PATIENCE / pause))):
            self.wfile.write(content[i : i + 1])
            self.wait(pause)

    def reset(self):
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # at once, without a farewell

    def together(self, content):
        self.server.barrier.wait(60)
        GOOD(self, content)

    def endless(self):
        self.answer(b"")
        while self.server.sent < 400_000_000 and not self.server.over.is_set():
            self.server.sent += self.wfile.write(bytes(65536))


def GOOD(mirror, content):
    mirror.answer(content, len(content))


def altered(content):
    """Return a file that is whole and sound, and has one other bit."""
    unpacked = bytearray(gzip.decompress(content) if content[:1] == b"\x1f" else content)
    unpacked[len(unpacked) // 2] ^= 1
    return gzip.compress(unpacked) if content[:1] == b"\x1f" else bytes(unpacked)


BOMB = gzip.compress(bytes(100_000_000), 1)
# Whoever asks for a file of these gets nothing that is of use.
BAD = {
    "dead": lambda m, c: m.wait(),
    "nothing": lambda m, c: m.wait(),
    "half, then nothing": lambda m, c: (m.half(c), m.wait()),
    "trickle": lambda m, c: (m.answer(b"", len(c)), m.trickle(c)),
    "trickle of headers": lambda m, c: m.trickle(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 90),
    "promises more": lambda m, c: m.answer(c[:-9], len(c)),
    "promises less": lambda m, c: m.answer(c, len(c) - 9),
    "promises nonsense": lambda m, c: m.answer(c[:-9], "many"),
    "page": lambda m, c: GOOD(m, b"<html>Log in to this network</html>"),
    "404": lambda m, c: m.answer(c, len(c), 404),
    "500": lambda m, c: m.answer(c, len(c), 500),
    "cut": lambda m, c: m.half(c),
    "reset": lambda m, c: (m.half(c), m.reset()),
    "wrong bytes": lambda m, c: m.answer(bytes(byte ^ 1 for byte in c), len(c)),
    "other digits": lambda m, c: GOOD(m, altered(c)),
    "empty": lambda m, c: m.answer(b"", 0),
    "no HTTP": lambda m, c: m.wfile.write(c),
    "loop": lambda m, c: m.answer(b"", 0, 302, Location=m.path),
    "nowhere": lambda m, c: m.answer(b"", 0, 302, Location="http://[::bad/"),
    "a file of yours": lambda m, c: m.answer(b"", 0, 302, Location="file:///etc/hostname"),
    "endless": lambda m, c: m.endless(),
    "bomb": lambda m, c: m.answer(BOMB, len(BOMB), Content_Encoding="gzip"),
}
BEHAVIOURS = BAD | {
    "good": GOOD,
    "together": Mirror.together,
    "moved": lambda m, c: m.answer(b"", 0, 301, Location=m.path.replace("/moved/", "/good/")),
}


@contextlib.contextmanager
def serve(files):
    """Serve files (bytes by name) on loopback; yield the server, which knows its `base`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.daemon_threads, server.block_on_close = True, False
    server.handle_error = lambda *_: None  # whoever asked may be gone
    server.files, server.spared, server.sent = files, set(), 0
    server.over, server.kept_waiting = threading.Event(), threading.Event()
    server.base = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
