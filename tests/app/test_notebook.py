"""The widgets in JupyterLab, used in Chromium as a person would: make browser-test."""

import contextlib
import shutil

import browsing
import nbformat
import numpy as np
import psutil
import pytest
import run
from PIL import Image
from playwright.sync_api import TimeoutError

from digitlib import app
from digitlib.files import SAMPLES

pytestmark = pytest.mark.browser
DESKTOP = (1280, 900)
WAIT = "import time; time.sleep({})"


@contextlib.contextmanager
def notebook(tmp_path, name, expected="nothing"):
    """Open a notebook of tmp_path/notebooks in JupyterLab; yield the page."""
    notebooks = tmp_path / "notebooks"
    with (
        browsing.lab(tmp_path, notebooks) as address,
        browsing.page_of(DESKTOP, expected=expected) as page,
    ):
        page.goto(f"{address}/doc/tree/{name}?token={browsing.TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector(".jp-Toolbar-kernelName:has-text('Python 3')", timeout=60_000)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        yield page


def choose(page, menu, *entries):
    """Choose from a menu and its submenus, again where JupyterLab closes it under the mouse."""
    for _ in range(5):
        try:
            page.locator(".lm-MenuBar-item", has_text=menu).click(timeout=3000)
            for entry in entries[:-1]:
                page.locator(f".lm-Menu-item{entry}").first.hover(timeout=3000)
            page.locator(f".lm-Menu-item{entries[-1]}").first.click(timeout=3000)
            return
        except TimeoutError:
            page.keyboard.press("Escape")  # closes what may still be open
    raise AssertionError(f"{menu} shows no {entries[-1]} for longer than a click takes")


def run_all(page):
    choose(page, "Run", '[data-command="runmenu:run-all"]')


def test_notebook_five(tmp_path):
    """Draw, and choose at once more than one message may hold, then a small picture."""
    shutil.copytree(
        browsing.ROOT / "notebooks",
        tmp_path / "notebooks",
        ignore=shutil.ignore_patterns("answers"),
    )
    rng = np.random.default_rng(0)
    photos = [tmp_path / f"{i}.bmp" for i in range(4)]  # of this format nothing is made smaller
    for path in photos:
        page = np.full((1100, 1100), 215, np.uint8) - rng.integers(0, 9, (1100, 1100), np.uint8)
        page[250:850, 520:580] = 30
        Image.fromarray(page).convert("RGB").save(path)
        assert path.stat().st_size > 3.4e6
    with notebook(tmp_path, "05_predict_your_own.ipynb") as page:
        run_all(page)
        page.wait_for_selector("canvas.digitlib-canvas", timeout=120_000)
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        browsing.shoot(page, "lab-drawing")
        page.wait_for_selector("button.digitlib-upload", timeout=60_000)
        browsing.upload(page, photos)
        read = page.locator(".digitlib-result:has(.digitlib-text:text-is('1'))")
        read.nth(3).wait_for(timeout=90_000)
        browsing.upload(page, [SAMPLES / "dark_on_light.png"])
        page.locator(".digitlib-result .digitlib-text:text-is('7')").wait_for(timeout=30_000)
        browsing.shoot(page, "lab-uploads")
        upload_with_the_ten_lines(page)


def upload_with_the_ten_lines(page):
    """Use the button that the notebook makes of ipywidgets' own FileUpload."""
    with page.expect_file_chooser() as chooser:
        page.locator("button.widget-upload").click()
    chooser.value.set_files(SAMPLES / "several_digits.jpg")
    page.wait_for_selector(".widget-label:has-text('20619')", timeout=30_000)


def write_notebook(folder, *sources):
    """Write a notebook whose first cell has what it shows without a kernel."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    data, _ = app.drawing_pad()._repr_mimebundle_()
    cells[0].outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    run.show_without_kernel(cells[0].outputs[0])  # as run.py --outputs does
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    folder.mkdir()
    shutil.copy(browsing.ROOT / "notebooks" / "serve.py", folder)
    copies = folder.parent / "my_notebooks"
    copies.mkdir()
    nbformat.write(made, copies / "pad.ipynb")


def test_without_a_kernel_with_a_busy_one_and_with_a_killed_one(tmp_path):
    write_notebook(
        tmp_path / "notebooks", "from digitlib import app\napp.drawing_pad()", WAIT.format(8)
    )
    with notebook(tmp_path, "pad.ipynb", expected="") as page:
        still = page.locator(".jp-RenderedImage img")
        still.wait_for()
        assert page.locator("canvas.digitlib-canvas").count() == 0
        assert "Pad(" not in page.locator(".jp-Notebook").text_content()
        browsing.shoot(page, "lab-without-kernel")

        run_all(page)  # the second cell keeps the kernel busy
        page.wait_for_selector("canvas.digitlib-canvas", timeout=60_000)
        assert still.count() == 0
        browsing.draw_seven(page)
        message = page.locator(".digitlib-message")
        page.locator(".digitlib-message:has-text('No answer yet')").wait_for(timeout=6000)
        assert "run this cell again" in message.text_content()
        assert page.locator(".digitlib-app.stale").count() == 1
        browsing.answer_is(page, "7")
        assert message.text_content() == ""

        # JupyterLab's shortcuts: d d deletes the cell, 0 0 restarts the kernel.
        for focused in ("canvas.digitlib-canvas", ".digitlib-undo", ".digitlib-keep summary"):
            page.locator(focused).first.focus()
            for key in "dd00":
                page.keyboard.press(key)
        page.wait_for_timeout(500)
        assert page.locator(".jp-Dialog").count() == 0
        assert page.locator(".jp-CodeCell").count() == 2
        page.locator("canvas.digitlib-canvas").focus()
        page.keyboard.press("Control+z")
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()
        assert page.locator(".jp-CodeCell").count() == 2

        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        for process in psutil.Process().children(recursive=True):
            if "ipykernel_launcher" in process.cmdline():
                process.kill()
        with contextlib.suppress(Exception):  # JupyterLab says that it starts another one
            page.locator(".jp-Dialog button").last.click(timeout=8000)
        browsing.draw(page, [(0.3, 0.6), (0.7, 0.6)])
        page.locator(".digitlib-message:not(:empty)").wait_for(timeout=8000)
        assert "run this cell again" in message.text_content()
        assert page.locator(".digitlib-app.stale").count() == 1
        browsing.shoot(page, "lab-killed")
        run_all(page)
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for(timeout=60_000)
        browsing.draw_seven(page)
        browsing.answer_is(page, "7", 60)


def test_in_the_dark(tmp_path):
    """The widgets take the colours of JupyterLab's theme; axe-core finds nothing in them."""
    from axe_playwright_python.sync_playwright import Axe

    write_notebook(
        tmp_path / "notebooks",
        "from digitlib import app\napp.drawing_pad()",
        "app.uploader()",
    )
    with notebook(tmp_path, "pad.ipynb") as page:
        for theme in ("Light", "Dark"):
            choose(page, "Settings", ":has-text('Theme')", f":has-text('JupyterLab {theme}')")
            run_all(page)
            page.wait_for_selector("button.digitlib-upload", timeout=60_000)
            page.wait_for_timeout(2000)
            browsing.draw_seven(page)
            browsing.answer_is(page, "7")
            browsing.upload(page, [SAMPLES / "shadowed_photo.jpg"])
            page.locator(".digitlib-result .digitlib-text:text-is('6')").wait_for(timeout=30_000)
            browsing.shoot(page, f"lab-{theme.lower()}")
            found = Axe().run(page, context={"include": [[".digitlib-reader"]]})
            violations = found.response["violations"]
            assert not violations, [
                (f["id"], [n["target"] for n in f["nodes"]]) for f in violations
            ]
