"""Real servers on loopback and a real Chromium, for test_browser.py."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "browser"
TOKEN = "test"
INSIDE = ("http://127.0.0.1", "ws://127.0.0.1", "file:///", "data:", "blob:")  # this machine
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--disable-quic"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(command: list, folder: Path, environment: dict[str, str]):
    """Run a server; yield its process and the file with what it says."""
    log = folder / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process, log
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@contextlib.contextmanager
def app(folder: Path):
    """Run `digitlib app`, which keeps pictures in a folder; yield its process and address."""
    command = [sys.executable, "-m", "digitlib", "app", "--no-browser"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with running(command, folder, os.environ | {"PYTHONPATH": path}) as (process, log):
        said = re.compile(r"http://127.0.0.1:\d+/\?token=\S+")
        wait_until(lambda: said.search(log.read_text()), 60, log)
        yield process, said.search(log.read_text())[0]


@contextlib.contextmanager
def lab(folder: Path, notebooks: Path = ROOT / "notebooks"):
    """Run JupyterLab by serve.py, with a home of its own; yield its address.

    The environment variable LAB_PYTHON names a Python with another JupyterLab.
    """
    port = free_port()
    home = folder / "home"
    settings = home / "settings" / "@jupyterlab"
    (settings / "apputils-extension").mkdir(parents=True)
    (settings / "apputils-extension" / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
    )
    (settings / "notebook-extension").mkdir()
    (settings / "notebook-extension" / "tracker.jupyterlab-settings").write_text(
        json.dumps({"windowingMode": "none"})  # else widgets off screen cannot be clicked
    )
    environment = os.environ | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    python = os.environ.get("LAB_PYTHON", sys.executable)  # make test-jupyter3 has another one
    command = [python, notebooks / "serve.py", "lab", "--no-browser", f"--port={port}"]
    command += [
        *(f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0", "--allow-root"),
        *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with running(command, folder, environment) as (_, log):
        wait_until(lambda: answers(port), 60, log)
        yield f"http://127.0.0.1:{port}"


def answers(port: int) -> bool:
    """Whether JupyterLab is there."""
    try:
        status = f"http://127.0.0.1:{port}/api/status?token={TOKEN}"
        urllib.request.urlopen(status, timeout=5).close()
    except OSError:
        return False
    return True


def wait_until(condition, seconds: float, log: Path) -> None:
    """Wait for a condition, or fail with the end of the server's log."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}", pytrace=False)
        time.sleep(0.3)


def chromium() -> str:
    """Return the path of the installed Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.fail(
            "browser tests need Chromium: sudo apt-get install chromium, or set CHROMIUM=/its/path",
            pytrace=False,
        )
    return path


@contextlib.contextmanager
def pages_of(size: tuple[int, int], count: int, expected: str = "nothing", **settings):
    """Open pages, a session each; fail if one asked another host or logged an error.

    Errors with the text `expected` do not count; `settings` go to Playwright's contexts.
    """
    from playwright.sync_api import Error, sync_playwright

    outside, errors = [], []

    def ask(request) -> None:
        if not request.url.startswith(INSIDE):
            outside.append(request.url)

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        except Error as error:
            pytest.fail(f"Chromium does not start: {error}", pytrace=False)
        viewport = {"width": size[0], "height": size[1]}
        pages = [
            browser.new_context(viewport=viewport, has_touch=size[0] < 600, **settings).new_page()
            for _ in range(count)
        ]
        for page in pages:
            page.on("request", ask)
            page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda e: errors.append(f"{e}\n{e.stack}"))
        yield pages
        browser.close()
    assert not outside, outside
    unexpected = [error for error in errors if expected not in error]
    assert not unexpected, unexpected


@contextlib.contextmanager
def page_of(size: tuple[int, int], **settings):
    """Open one page, as `pages_of`."""
    with pages_of(size, 1, **settings) as [page]:
        yield page


def shoot(page, name: str) -> None:
    """Keep what the page looks like as build/browser/NAME.png."""
    BUILD.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=BUILD / f"{name}.png", full_page=True)


def upload(page, paths: list[Path]) -> None:
    """Choose files with the upload button."""
    with page.expect_file_chooser() as chooser:
        page.locator("button.digitlib-upload").click()
    chooser.value.set_files(paths)


def place_of(page, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the pad, in a square of side 1, is in the window."""
    canvas = page.locator("canvas.digitlib-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def draw(page, points: list[tuple[float, float]], lift: bool = True) -> None:
    """Draw a stroke on the pad with the mouse."""
    page.locator("canvas.digitlib-canvas").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    places = [place_of(page, *point) for point in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    if lift:
        page.mouse.up()


def draw_seven(page, lift: bool = True) -> None:
    """Draw a 7 on the pad with the mouse."""
    draw(page, [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)], lift)


def answer_is(page, text: str, seconds: float = 30) -> None:
    """Wait until the pad's answer, which is no longer an old one, is a text."""
    answer = page.locator(f".digitlib-app:not(.stale) .digitlib-text:text-is('{text}')")
    answer.first.wait_for(timeout=1000 * seconds)
