"""The uploader and the drawing pad of notebook 05. Both work with ipywidgets 7.7 and 8."""

import base64
import os
import shlex
import sys
from pathlib import Path

import anywidget
import ipywidgets
import traitlets

from digitlib.app.page import reading_html, sentence_html
from digitlib.datasets.labelled_folder import FOLDER, keep
from digitlib.errors import PictureError
from digitlib.reading.imaging import prepare
from digitlib.reading.pictures import SUFFIXES
from digitlib.reading.recognizer import Recognizer

FORMATS = ",".join(SUFFIXES)
# MB a file: Jupyter's own limit is 10, notebooks/serve.py sets a larger one and says so here.
LIMIT = int(os.environ.get("DIGITLIB_UPLOAD_MB", "10"))
HERE = Path(__file__).parent


class Pad(anywidget.AnyWidget):
    """A canvas to draw on; `picture` is a PNG as a data URL, or "" while it is empty."""

    _esm = (HERE / "pad.js").read_text(encoding="utf-8")
    _css = (HERE / "pad.css").read_text(encoding="utf-8")
    picture = traitlets.Unicode("").tag(sync=True)
    pen = traitlets.Float(16.0, help="width of the pen, in pixels of 280").tag(sync=True)

    def __repr__(self):
        return f"Pad(pen={self.pen})"  # without an address, so that outputs can be compared


def uploaded_files(value) -> list[tuple[str, bytes]]:
    """Return the (name, content) pairs in a FileUpload's value.

    ipywidgets 8 gives a tuple of dicts, 7.7 (which Colab has) a dict of dicts by file name.
    """
    if isinstance(value, dict):
        return [(name, bytes(item["content"])) for name, item in value.items()]
    return [(item["name"], bytes(item["content"])) for item in value]


def uploader(recognizer: Recognizer | None = None, folder: str | Path = FOLDER) -> ipywidgets.VBox:
    """Return a button to upload pictures, and below it the reading of each, step by step.

    Parameters
    ----------
    recognizer : Recognizer, optional
    folder : str or Path
        Where pictures that were read wrong are kept, with what they show.
    """
    recognizer = recognizer or Recognizer()
    button = ipywidgets.FileUpload(
        accept=FORMATS, multiple=True, description="Upload digits", button_style="primary"
    )
    button.add_class("digitlib-upload")
    hint = ipywidgets.HTML(
        f"<p>Photograph a digit, or choose a picture of one: at most {LIMIT} MB a file, "
        "and less if you choose several at once. If nothing appears, they were too large for this "
        "server.</p>"
    )
    results = ipywidgets.VBox()

    def read(change) -> None:
        boxes = []
        for name, content in uploaded_files(change["new"]):
            page, is_read = _read(recognizer, name, content)
            row = [_correction(folder, lambda c=content: c, "photo")] if is_read else []
            boxes.append(ipywidgets.VBox([ipywidgets.HTML(page), *row]))
        results.children = boxes

    button.observe(read, names="value")
    return ipywidgets.VBox([button, hint, results])


def drawing_pad(
    recognizer: Recognizer | None = None, folder: str | Path = FOLDER
) -> ipywidgets.VBox:
    """Return a pad to draw on, and below it the reading, anew each time the pen lifts.

    Parameters are those of `uploader`.
    """
    if "google.colab" in sys.modules:  # Colab shows widgets of others only if asked
        from google.colab import output

        output.enable_custom_widget_manager()
    recognizer = recognizer or Recognizer()
    pad = Pad()
    empty = "<p>Draw a digit, or several in a row.</p>"
    result = ipywidgets.HTML(empty)
    correction = _correction(folder, lambda: _content(pad.picture), "drawn")
    correction.layout.display = "none"

    def read(change) -> None:
        correction.layout.display = "" if change["new"] else "none"
        row, answer = correction.children
        row.children[0].value = answer.value = ""  # what was said of the drawing before
        if change["new"]:
            result.value, _ = _read(recognizer, "Your drawing", _content(change["new"]))
        else:
            result.value = empty

    pad.observe(read, names="picture")
    return ipywidgets.VBox([pad, result, correction])


def _content(data_url: str) -> bytes:
    """Return the bytes of a PNG in a data URL."""
    return base64.b64decode(data_url.partition(",")[2])


def _read(recognizer: Recognizer, name: str, content: bytes) -> tuple[str, bool]:
    """Return a picture's reading as HTML, or its sentence if it cannot be read, and which it is."""
    if len(content) > LIMIT * 2**20:
        size = len(content) / 2**20
        said = f"This file has {size:.0f} MB, and {LIMIT} MB is the limit; make it smaller."
        return sentence_html(name, said), False
    try:
        prepared = prepare(content)
    except PictureError as error:
        return sentence_html(name, str(error)), False
    return reading_html(name, prepared, recognizer.read_prepared(prepared)), True


def _correction(folder: str | Path, content, kind: str) -> ipywidgets.VBox:
    """Return a row in which a person says what a picture shows, and keeps it."""
    text = ipywidgets.Text(
        placeholder="such as 7",
        description="Wrong? It is a",
        style={"description_width": "initial"},
        layout={"width": "190px"},
    )
    button = ipywidgets.Button(description="Keep it", tooltip="keep the picture and this label")
    button.add_class("digitlib-keep")
    answer = ipywidgets.HTML()

    def store(_) -> None:
        try:
            path = keep(Path(folder).absolute(), content(), text.value, kind)
        except (ValueError, OSError) as error:
            answer.value = sentence_html("Not kept", str(error))
            return
        label = text.value.strip() or "no digit"
        score = f"digitlib evaluate --data {shlex.quote(str(path.parent))}"
        said = f"as {label}: {path}. To score what you have kept: {score}"
        answer.value = sentence_html("Kept", said)

    button.on_click(store)
    row = ipywidgets.HBox([text, button], layout={"flex_flow": "row wrap"})
    return ipywidgets.VBox([row, answer])
