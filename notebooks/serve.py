"""Serve notebooks with room for large photos: `python notebooks/serve.py app` or `... lab`.

`app` is app.ipynb as a page without code, by Voila; `lab` is JupyterLab. Both listen on this
machine alone. Further arguments go to the server, such as --no-browser.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent
LARGEST = 50  # MB a file, as the page says and refuses
AT_ONCE = 250  # MB a message: several files together; Jupyter's own limit is 10


def command(what: str) -> list[str]:
    """Return the command that starts a server, "app" or "lab"."""
    limit = f'{{"websocket_max_message_size": {AT_ONCE * 2**20}}}'
    if what == "lab":
        server = ["-m", "jupyterlab", str(NOTEBOOKS)]
        return [sys.executable, *server, "--ip=127.0.0.1", f"--ServerApp.tornado_settings={limit}"]
    return [
        *(sys.executable, "-m", "voila", str(NOTEBOOKS / "app.ipynb")),
        "--Voila.ip=127.0.0.1",
        "--template=digitlib",
        f"--Voila.tornado_settings={limit}",
        # A closed page leaves its kernel behind; each takes some 150 MB.
        "--MappingKernelManager.cull_idle_timeout=600",
        "--MappingKernelManager.cull_interval=60",
    ]


def environment() -> dict[str, str]:
    """Return the environment for the server: the page's limit, and where its template is."""
    paths = [str(NOTEBOOKS), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    extra = {"DIGITLIB_UPLOAD_MB": str(LARGEST), "JUPYTER_PATH": os.pathsep.join(paths)}
    return dict(os.environ) | extra


def main(arguments: list[str]) -> int:
    """Run the server until it is stopped."""
    if not arguments or arguments[0] not in ("app", "lab"):
        print(__doc__, file=sys.stderr)
        return 2
    server = subprocess.Popen([*command(arguments[0]), *arguments[1:]], env=environment())
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the server has had it too, and shuts down
            return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
