import datetime

import ipywidgets

from digitlib import widgets
from digitlib.recognizer import SAMPLES


def item(name, content):
    now = datetime.datetime.now(datetime.UTC)
    size = len(content)
    content = memoryview(content)
    return {"name": name, "type": "", "size": size, "content": content, "last_modified": now}


def choose(box, files):
    """Do what choosing files does, on the ipywidgets that is installed."""
    upload = box.children[0]
    if int(ipywidgets.__version__.split(".")[0]) >= 8:
        upload.set_trait("value", tuple(item(n, c) for n, c in files))
    else:
        value = {n: {"metadata": {"name": n}, "content": c} for n, c in files}
        upload.set_trait("value", value)
    return [child.value for child in box.children[2].children]


def test_both_shapes_of_a_file_uploads_value():
    expected = [("a.png", b"123")]
    assert widgets.uploaded_files((item("a.png", b"123"),)) == expected
    seven = {"a.png": {"metadata": {"name": "a.png", "size": 3}, "content": b"123"}}
    assert widgets.uploaded_files(seven) == expected


def test_uploads_are_read_and_a_bad_file_gets_its_sentence():
    box = widgets.uploader()
    good = (SAMPLES / "dark_on_light.png").read_bytes()
    blank = (SAMPLES / "blank_paper.jpg").read_bytes()
    answers = choose(box, [("<b>.png", good), ("bad.png", b"no"), ("blank.jpg", blank)])
    assert "&lt;b&gt;.png" in answers[0] and "<img" not in answers[1]
    assert "7 (" in answers[0] and "data:image/png;base64" in answers[0]
    assert "is not a picture" in answers[1]
    assert "No digit found" in answers[2]
    again = choose(box, [("good.png", good)])
    assert len(again) == 1 and "7 (" in again[0]
