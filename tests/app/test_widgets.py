import base64
import io
import subprocess
import sys

import pytest
from PIL import Image

from digitlib import app
from digitlib.app import widgets
from digitlib.files import SAMPLES

GOOD = (SAMPLES / "dark_on_light.png").read_bytes()


@pytest.fixture
def pad(tmp_path):
    """Return a pad, and a list of what it sends to its page."""
    made = app.drawing_pad(folder=tmp_path)
    sent = []
    made.send = lambda content, buffers=None: sent.append(content)
    return made, sent


def say(widget, content=b"", **message):
    """Do what the page does when it sends a message."""
    widget._handle_custom_msg(message, [memoryview(content)] if content else [])


def test_a_question_that_comes_in_pieces_is_answered_once(pad):
    widget, sent = pad
    half = len(GOOD) // 2
    say(widget, GOOD[:half], id="a-1", more=True)
    say(widget, GOOD[half:], id="a-1", kind="read")
    assert sent[0] == {"id": "a-1", "more": True}
    assert (sent[1]["id"], sent[1]["text"]) == ("a-1", "7")
    assert len(sent) == 2 and widget.picture == GOOD


def test_pieces_of_two_pages_are_not_mixed(pad):
    widget, sent = pad
    say(widget, GOOD[:100], id="a-1", more=True)
    say(widget, GOOD, id="b-1", kind="read")
    say(widget, GOOD[100:], id="a-1", kind="read")
    assert [(s["id"], s.get("text")) for s in sent] == [("a-1", None), ("b-1", "7"), ("a-1", "7")]


def test_what_is_never_finished_is_forgotten_and_too_much_refused(pad, monkeypatch):
    widget, sent = pad
    for i in range(20):
        say(widget, b"x", id=f"a-{i}", more=True)
    assert len(widget._pieces) == widgets.MOST_UNFINISHED
    monkeypatch.setattr(widgets, "LARGEST", 1000)
    say(widget, bytes(999), id="b-1", more=True)
    say(widget, bytes(2), id="b-1", more=True)
    assert "more than 50 MB" in sent[-1]["error"] and "b-1" not in widget._pieces


@pytest.mark.parametrize("make", [app.drawing_pad, app.uploader])
def test_without_a_kernel_a_picture_says_what_to_do(make):
    data, _ = make()._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width > 400 and len(data["image/png"]) < 10_000
    assert data["text/plain"] in ("Pad()", "Uploader()")  # no VBox(children=…
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_the_page_needs_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys; from digitlib import app; app.uploader(); app.drawing_pad();"
        "assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
