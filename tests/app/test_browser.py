"""Notebook 05 and the app, used in Chromium as a person would: make browser-test."""

import itertools
import shutil
import time

import browsing
import numpy as np
import psutil
import pytest
from PIL import Image

from digitlib.files import SAMPLES

pytestmark = pytest.mark.browser
READ_ONE = ".digitlib-reading:has-text('dark_on_light.png: 7 (')"
LAB = [
    *(f"--IdentityProvider.token={browsing.TOKEN}", "--ServerApp.port_retries=0", "--allow-root"),
    *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


@pytest.fixture
def three_files(tmp_path):
    """Return a good picture, what is no picture, and a photo of twelve megapixels."""
    good, bad, photo = (
        tmp_path / name for name in ("dark_on_light.png", "not_a_picture.png", "photo.jpg")
    )
    shutil.copy(SAMPLES / good.name, good)
    bad.write_text("no")
    page = np.full((3000, 4000, 3), 220, np.uint8)
    page[800:2200, 1900:2050] = 30
    Image.fromarray(page).save(photo, quality=90)
    photo.write_bytes(photo.read_bytes() + bytes(12 * 2**20))  # more than Jupyter's own limit
    return [good, bad, photo]


def look_at_readings(page):
    page.wait_for_selector(READ_ONE, timeout=60_000)
    page.wait_for_selector(".digitlib-reading:has-text('is not a picture')")
    page.wait_for_selector(".digitlib-reading:has-text('photo.jpg: 1 (')")


def draw_and_look(page):
    browsing.draw_seven(page)
    page.wait_for_selector(".digitlib-reading:has-text('Your drawing: 7')", timeout=30_000)


@pytest.mark.parametrize("size", [(1280, 900)], ids=["desktop"])
def test_notebook_five_in_jupyterlab(tmp_path, three_files, size):
    notebooks = tmp_path / "notebooks"
    shutil.copytree(
        browsing.ROOT / "notebooks", notebooks, ignore=shutil.ignore_patterns("answers")
    )
    serving = browsing.served("lab", tmp_path, LAB, notebooks)
    with serving as address, browsing.page_of(size) as page:
        page.goto(f"{address}/doc/tree/05_predict_your_own.ipynb?token={browsing.TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector(".jp-Toolbar-kernelName:has-text('Python 3')", timeout=60_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        page.locator(".lm-MenuBar-item", has_text="Run").click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        page.wait_for_selector("button.digitlib-upload", timeout=120_000)
        browsing.upload(page, three_files)
        look_at_readings(page)
        page.locator(READ_ONE).scroll_into_view_if_needed()
        browsing.shoot(page, "lab-uploads")
        draw_and_look(page)
        browsing.shoot(page, "lab-drawing")


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desktop", "phone"])
def test_the_app(tmp_path, three_files, size):
    with browsing.served("app", tmp_path, []) as address, browsing.page_of(size) as page:
        page.goto(address)
        page.wait_for_selector("button.digitlib-upload", timeout=90_000)
        page.wait_for_selector("canvas.digitlib-canvas", timeout=30_000)
        browsing.upload(page, three_files)
        look_at_readings(page)
        draw_and_look(page)
        name = f"app-{size[0]}"
        browsing.shoot(page, name)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0] + 1, "the page is wider than the screen"
        press(page, "button.digitlib-undo")
        page.wait_for_selector("text=Draw a digit, or several in a row.")
        draw_and_look(page)
        press(page, "button.digitlib-clear")
        page.wait_for_selector("text=Draw a digit, or several in a row.")
        with page.expect_file_chooser() as chooser:
            press(page, "button.digitlib-upload")
        chooser.value.set_files(three_files[1:])
        page.wait_for_selector(READ_ONE, state="detached")
        keep_by_keyboard(page)


def press(page, selector):
    """Reach a button with the tabulator alone, and press it."""
    page.locator("body").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{selector} cannot be reached by keyboard")


def keep_by_keyboard(page):
    """Give a wrong label to the uploaded photo, without the mouse: it is refused in the page."""
    field = page.locator(".widget-text input:visible, input.widget-input:visible").last
    field.focus()
    page.keyboard.type("seven")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".digitlib-reading:has-text('not made of digits')")


def test_a_file_over_the_limit_is_refused_in_the_page(tmp_path):
    large = tmp_path / "large.png"
    large.write_bytes((SAMPLES / "dark_on_light.png").read_bytes() + bytes(51 * 2**20))
    with browsing.served("app", tmp_path, []) as address, browsing.page_of((1280, 900)) as page:
        page.goto(address)
        page.wait_for_selector("button.digitlib-upload", timeout=90_000)
        page.wait_for_selector("text=at most 50 MB a file")
        browsing.upload(page, [large])
        page.wait_for_selector(".digitlib-reading:has-text('50 MB is the limit')", timeout=60_000)
        browsing.upload(page, [SAMPLES / "dark_on_light.png"])
        page.wait_for_selector(READ_ONE, timeout=30_000)


def test_three_sessions_at_once(tmp_path):
    """Fifty pictures each: all answered, none sees another's, and memory is given back."""
    sessions = [[tmp_path / f"session{i}-{j:02}.png" for j in range(50)] for i in range(3)]
    for path in itertools.chain(*sessions):
        shutil.copy(SAMPLES / "dark_on_light.png", path)
    with browsing.served("app", tmp_path, []) as address:
        [server] = [
            process for process in psutil.Process().children(recursive=True) if serves(process)
        ]
        listening = [c for c in server.net_connections("inet") if c.status == "LISTEN"]
        assert listening and {c.laddr.ip for c in listening} == {"127.0.0.1"}
        with browsing.pages_of((1280, 900), 3) as pages:
            for page in pages:
                page.goto(address)
            for page, paths in zip(pages, sessions, strict=True):
                page.wait_for_selector("button.digitlib-upload", timeout=90_000)
                browsing.upload(page, paths)
            for page, paths in zip(pages, sessions, strict=True):
                page.wait_for_selector(
                    f".digitlib-reading:has-text('{paths[-1].name}: 7 (')", timeout=120_000
                )
                shown = page.locator(".digitlib-reading").all_text_contents()
                read = [text for text in shown if ".png: 7 (" in text]
                assert len(read) == 50
                assert all(path.name in text for path, text in zip(paths, read, strict=True))
            used = memory(server)
            assert len(server.children(recursive=True)) >= 3
            for page in pages:
                page.close(run_before_unload=True)
            end = time.monotonic() + 60
            while server.children(recursive=True) and time.monotonic() < end:
                time.sleep(0.5)
            assert not server.children(recursive=True), "kernels outlive their pages"
            print(f"{used:.0f} MB with three sessions, {memory(server):.0f} MB after them")


def serves(process) -> bool:
    """Whether this process is Voila's server."""
    return "voila" in process.cmdline() and "-m" in process.cmdline()


def memory(process) -> float:
    """Return the resident memory of a process and its children, in MB."""
    family = [process, *process.children(recursive=True)]
    return sum(p.memory_info().rss for p in family) / 2**20
