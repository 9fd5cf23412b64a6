"""The page that `digitlib app` opens: a pad and an uploader, served to this machine alone.

A page and the answers to its questions are all there is to serve, so that the standard library's
server will do; it starts at once, as there is no kernel to be started.
"""

import contextlib
import json
import secrets
import sys
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from digitlib.app.browser import HERE, SCRIPTS, STYLES, bundle, together
from digitlib.errors import reason

HOST = "127.0.0.1"
FOLDER = Path("my_digits")  # as digitlib.datasets.labelled_folder has it, which imports NumPy
LARGEST = 50 * 2**20  # bytes of a file; the page refuses more, and so does the server
AT_ONCE = 4  # pictures that are read side by side, so that a drawing need not wait for photos
SILENCE = 60  # seconds after which a connection that says nothing is closed
# Nothing is loaded from elsewhere, nothing sent there, and no other page shows this one inside.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self';"
    " img-src data: blob:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)


class Server(ThreadingHTTPServer):
    """Serves the page to who knows the token, and answers its questions."""

    daemon_threads = True

    def __init__(self, port: int = 0, folder: str | Path = FOLDER):
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            said = f"Port {port} cannot be used: {reason(error)}; choose another with --port."
            raise OSError(said) from None
        self.folder = Path(folder).absolute()
        self.token = secrets.token_urlsafe(16)
        self.page = page().encode()
        self.readers = ThreadPoolExecutor(AT_ONCE)
        self.readers.submit(_warm)

    def handle_error(self, *request) -> None:
        """Say nothing of a page that was closed before it had its answer."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(*request)

    @property
    def address(self) -> str:
        """The page's address, with the token that another page cannot know."""
        return f"http://{HOST}:{self.server_port}/?token={self.token}"

    def answer(self, question: dict, content: bytes) -> dict:
        """Answer a question of the page with one of the readers."""
        return self.readers.submit(_answer, question, content, self.folder).result()


def page() -> str:
    """Return the page as one piece of HTML."""
    template = (HERE / "page.html").read_text("utf-8")
    parts = {"STYLE": together(*STYLES, "page.css"), "SCRIPT": bundle(*SCRIPTS, "page.js")}
    for name, part in parts.items():
        template = template.replace(f"<!-- {name} -->", part)
    return template


def _answer(question: dict, content: bytes, folder: Path) -> dict:
    from digitlib.app.answers import answer  # NumPy and the reader, after the page was shown
    from digitlib.reading.recognizer import shared

    try:
        recognizer = shared()
    except (ValueError, OSError, ImportError) as error:  # no network, or nothing to run it with
        return {"error": str(error)}
    return answer(question, content, recognizer, folder)


def _warm() -> None:
    """Import what reads, and load the network, while the browser opens."""
    _answer({"kind": "samples"}, b"", Path())


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = SILENCE

    def do_GET(self) -> None:
        if self._may():
            self._reply(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)

    def do_POST(self) -> None:
        said = self.headers.get("Content-Length", "")
        size = int(said) if said.isdecimal() else 0
        self.close_connection = True  # unless what was sent is read to its end
        if not self._may():
            return
        if size > LARGEST:
            self._json({"error": "This file has more than 50 MB; make it smaller."})
            return
        content = self.rfile.read(size)
        self.close_connection = False
        try:
            question = json.loads(self._query("question"))
        except ValueError:
            question = {}
        self._json(self.server.answer(question, content))

    def _may(self) -> bool:
        """Whether a request comes from our page; or else refuse it.

        Another page may have its own name lead here (DNS rebinding), so the name counts as well.
        """
        port = self.server.server_port
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self._reply(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"This is another host.\n")
        elif urlsplit(self.path).path not in ("/", "/ask"):
            self._reply(HTTPStatus.NOT_FOUND, "text/plain", b"There is no such page.\n")
        elif not secrets.compare_digest(self._query("token").encode(), self.server.token.encode()):
            said = b"Open the address that 'digitlib app' printed; its end is secret.\n"
            self._reply(HTTPStatus.FORBIDDEN, "text/plain", said)
        else:
            return True
        return False

    def _query(self, name: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def _json(self, replied: dict) -> None:
        self._reply(HTTPStatus.OK, "application/json", json.dumps(replied).encode())

    def _reply(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        """Say nothing of each request; the address holds the token."""


def serve(port: int = 0, folder: str | Path = FOLDER, opens: bool = True) -> None:
    """Serve the page until the process is interrupted.

    Parameters
    ----------
    port : int
        0 takes one that is free.
    folder : str or Path
        Where pictures are kept with what they show.
    opens : bool
        Whether the browser is to open the page.

    Raises
    ------
    OSError
        If the port cannot be used, as another program listens there.
    """
    with Server(port, folder) as server:
        print(f"The page is at {server.address}", "To stop: Control-C.", sep="\n", flush=True)
        if opens:
            threading.Thread(target=webbrowser.open, args=[server.address], daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
        server.readers.shutdown(wait=False, cancel_futures=True)
