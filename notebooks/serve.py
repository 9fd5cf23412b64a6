"""Serve the book: `python notebooks/serve.py lab`, or `copies`.

`lab` is JupyterLab in my_notebooks/, a folder of your own, into which it copies the book first:
without outputs, and only what is missing. `copies` makes these copies and serves nothing. The
server listens on this machine alone; further arguments go to it, such as --no-browser.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent
COPIES = NOTEBOOKS.parent / "my_notebooks"  # git ignores it, so that nothing touches it but you
AT_ONCE = 250  # MB a message, for ipywidgets' FileUpload; Jupyter's own limit is 10


def command() -> list[str]:
    """Return the command that starts JupyterLab."""
    limit = f'{{"websocket_max_message_size": {AT_ONCE * 2**20}}}'
    server = ["-m", "jupyterlab", str(COPIES)]
    # Quiet, so that the line about newer notebooks and the address stay in sight.
    server += ["--ip=127.0.0.1", "--log-level=WARN"]
    return [sys.executable, *server, f"--ServerApp.tornado_settings={limit}"]


def make_copies() -> list[str]:
    """Copy the book into the reader's folder; return what is newer in the book than the copy.

    The notebooks lose their outputs, so that predicting is worth while; the answers keep theirs.
    Whatever is there already stays as it is. Each copy says in its metadata which version of the
    book's notebook it was made from.
    """
    newer = []
    for path in sorted(NOTEBOOKS.glob("0*.ipynb")) + sorted(NOTEBOOKS.glob("answers/0*.ipynb")):
        copy = COPIES / path.relative_to(NOTEBOOKS)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        version = version_of(notebook)
        if copy.exists():
            if made_from(copy) != version:
                newer.append(copy.relative_to(COPIES).as_posix())
            continue
        notebook["metadata"]["digitlib"] = {"copy_of": version}
        if path.parent == NOTEBOOKS:
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell |= {"outputs": [], "execution_count": None}
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        copy.write_text(text, encoding="utf-8")
    for path in sorted(NOTEBOOKS.glob("images/*")):  # the notebooks show them
        copy = COPIES / path.relative_to(NOTEBOOKS)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return newer


def version_of(notebook: dict) -> str:
    """Return a digest of a notebook's text and code; outputs do not count."""
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def made_from(copy: Path) -> str | None:
    """Return which version a copy was made from, or None if it does not say."""
    try:
        return json.loads(copy.read_text(encoding="utf-8"))["metadata"]["digitlib"]["copy_of"]
    except (ValueError, KeyError, TypeError):
        return None


def report(newer: list[str]) -> str:
    """Return the line that says how to get what is newer in the book; empty if nothing is."""
    if not newer:
        return ""
    return (
        f"The book has newer versions of {', '.join(newer)}; to get them, rename yours in "
        f"{COPIES.name}/ and start again. Nothing of yours was changed."
    )


def main(arguments: list[str]) -> int:
    """Run the server until it is stopped."""
    if not arguments or arguments[0] not in ("lab", "copies"):
        print(__doc__, file=sys.stderr)
        return 2
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if arguments[0] == "lab" and is_root and "--allow-root" not in arguments:
        print(
            "You are root, whom JupyterLab does not serve unasked. Log in as another user or, in a "
            "container of your own, run: "
            f"{sys.executable} {Path(__file__).name} lab --allow-root (in {NOTEBOOKS})",
            file=sys.stderr,
        )
        return 1
    if line := report(make_copies()):
        print(line, flush=True)
    if arguments[0] == "copies":
        return 0
    print(f"Your copies are in {COPIES.name}/. To stop: Control-C, twice.", flush=True)
    server = subprocess.Popen([*command(), *arguments[1:]])
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the server has had it too, and shuts down
            return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
