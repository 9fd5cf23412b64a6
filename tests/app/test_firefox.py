"""The page that reads in the browser, in Firefox."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from digitlib.synthesis.strokes import DIGITS, smooth

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PUPPETEER = "puppeteer-core@25"  # speaks WebDriver BiDi to Firefox


def program(*names):
    """Return the path of the first program that there is."""
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.fail(f"this test needs {' or '.join(names)}: sudo apt-get install firefox-esr npm")
    return found


def test_five_drawings_are_read_in_firefox(tmp_path):
    firefox, node, npm = program("firefox-esr", "firefox"), program("node"), program("npm")
    spec = importlib.util.spec_from_file_location("pages", ROOT / "notebooks" / "pages.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    pages.PAGES = tmp_path
    address = pages.write_draw().as_uri()
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", tmp_path, PUPPETEER]
    subprocess.run(install, check=True, capture_output=True)
    shutil.copy(ROOT / "tests" / "app" / "firefox.mjs", tmp_path)
    drawings = [  # each digit's second way where there is one: not those of the examples
        [(0.2 + 0.6 * smooth(points, steps=4)).tolist() for points in DIGITS[digit][-1]]
        for digit in "23579"
    ]
    done = subprocess.run(
        [node, tmp_path / "firefox.mjs", firefox, address, json.dumps(drawings)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["version"].startswith("firefox/")
    assert said["answers"] == list("23579")
    assert said["errors"] == []
    # Firefox does not report that a file is opened.
    assert {url for url in said["asked"] if not url.startswith("data:")} <= {address}
