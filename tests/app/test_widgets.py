import base64
import datetime
import hashlib
import subprocess
import sys

import ipywidgets
import pytest

from digitlib.app import widgets
from digitlib.files import SAMPLES

GOOD = (SAMPLES / "dark_on_light.png").read_bytes()
BLANK = (SAMPLES / "blank_paper.jpg").read_bytes()


def item(name, content):
    now = datetime.datetime.now(datetime.UTC)
    size = len(content)
    content = memoryview(content)
    return {"name": name, "type": "", "size": size, "content": content, "last_modified": now}


def choose(box, files):
    """Do what choosing files does, on the ipywidgets that is installed; return the results."""
    upload = box.children[0]
    if int(ipywidgets.__version__.split(".")[0]) >= 8:
        upload.set_trait("value", tuple(item(n, c) for n, c in files))
    else:
        value = {n: {"metadata": {"name": n}, "content": c} for n, c in files}
        upload.set_trait("value", value)
    return box.children[2].children


def draw(box, content):
    """Do what drawing does: the pad's picture becomes this PNG."""
    pad = box.children[0]
    pad.picture = "data:image/png;base64," + base64.b64encode(content).decode() if content else ""
    return box.children[1].value


def test_both_shapes_of_a_file_uploads_value():
    expected = [("a.png", b"123")]
    assert widgets.uploaded_files((item("a.png", b"123"),)) == expected
    seven = {"a.png": {"metadata": {"name": "a.png", "size": 3}, "content": b"123"}}
    assert widgets.uploaded_files(seven) == expected


def test_uploads_are_read_and_a_bad_file_gets_its_sentence(tmp_path):
    box = widgets.uploader(folder=tmp_path)
    results = choose(box, [("<b>.png", GOOD), ("bad.png", b"no"), ("blank.jpg", BLANK)])
    answers = [result.children[0].value for result in results]
    assert "&lt;b&gt;.png" in answers[0] and "<b>.png" not in answers[0]
    assert ": 7 (" in answers[0] and "data:image/png;base64" in answers[0]
    assert "is not a picture" in answers[1] and len(results[1].children) == 1
    assert "No digit found. Things to try" in answers[2]
    (again,) = choose(box, [("good.png", GOOD)])
    assert ": 7 (" in again.children[0].value


def test_a_file_over_the_limit_gets_a_sentence(monkeypatch):
    monkeypatch.setenv("DIGITLIB_UPLOAD_MB", "1")
    (result,) = choose(widgets.uploader(), [("large.png", GOOD + bytes(2 * 2**20))])
    assert "has 2 MB, and 1 MB is the limit" in result.children[0].value


@pytest.mark.parametrize(
    "said, limit", [(None, 10), ("", 10), ("many", 10), ("2.5", 10), ("50", 50)]
)
def test_the_limit_is_the_environments_or_jupyters(monkeypatch, said, limit):
    monkeypatch.delenv("DIGITLIB_UPLOAD_MB", raising=False)
    if said is not None:
        monkeypatch.setenv("DIGITLIB_UPLOAD_MB", said)
    assert f"at most {limit} MB a file" in widgets.uploader().children[1].value


def test_the_pad_reads_what_is_drawn_and_forgets_what_is_cleared(tmp_path):
    box = widgets.drawing_pad(folder=tmp_path)
    correction = box.children[2]
    assert correction.layout.display == "none"
    assert ": 7 (" in draw(box, GOOD) and correction.layout.display == ""
    assert "Draw a digit" in draw(box, b"") and correction.layout.display == "none"


@pytest.mark.parametrize("kind", ["drawn", "photo"])
def test_a_wrong_reading_is_kept_with_its_label(tmp_path, kind):
    if kind == "drawn":
        box = widgets.drawing_pad(folder=tmp_path)
        draw(box, GOOD)
        row, answer = box.children[2].children
    else:
        (result,) = choose(widgets.uploader(folder=tmp_path), [("good.png", GOOD)])
        row, answer = result.children[1].children
    text, button = row.children
    text.value = "seven"
    button.click()
    assert "not made of digits" in answer.value and not (tmp_path / "labels.csv").exists()
    text.value = "7"
    button.click()
    assert "Kept" in answer.value
    assert f",7,{kind},me" in (tmp_path / "labels.csv").read_text()


def test_what_was_said_of_one_drawing_is_not_said_of_the_next(tmp_path):
    box = widgets.drawing_pad(folder=tmp_path)
    draw(box, GOOD)
    row, answer = box.children[2].children
    row.children[0].value = "7"
    row.children[1].click()
    assert "Kept" in answer.value and "as 7" in answer.value
    draw(box, BLANK)
    assert row.children[0].value == "" and answer.value == ""
    row.children[1].click()
    assert f"{hashlib.sha256(BLANK).hexdigest()[:12]}.jpg" in answer.value  # not the one before


def test_an_unwritable_folder_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (result,) = choose(widgets.uploader(folder=tmp_path / "file"), [("good.png", GOOD)])
    row, answer = result.children[1].children
    row.children[0].value = "7"
    row.children[1].click()
    assert "Not kept" in answer.value


def test_the_page_needs_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys; from digitlib.app import widgets; widgets.uploader(); widgets.drawing_pad();"
        "assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
