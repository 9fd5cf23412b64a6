"""The uploader and the drawing pad of notebook 05. Both work with ipywidgets 7.7 and 8."""

import base64
import os
import shlex
import sys
from pathlib import Path

import anywidget
import ipywidgets
import traitlets

from digitlib.app.browser import bundle
from digitlib.app.page import reading_html, sentence_html
from digitlib.datasets.labelled_folder import FOLDER, keep
from digitlib.errors import PictureError
from digitlib.reading.imaging import prepare
from digitlib.reading.pictures import SUFFIXES
from digitlib.reading.recognizer import Recognizer

FORMATS = ",".join(SUFFIXES)
JUPYTERS_LIMIT = 10  # MB a file; notebooks/serve.py sets a larger one and says so to upload_limit
HERE = Path(__file__).parent


class Pad(anywidget.AnyWidget):
    """A canvas to draw on; `picture` is a PNG as a data URL, or "" while it is empty."""

    _esm = bundle("pad.js", "pad_widget.js")
    _css = (HERE / "pad.css").read_text(encoding="utf-8")
    picture = traitlets.Unicode("").tag(sync=True)
    pen = traitlets.Float(16.0, help="width of the pen, in pixels of 280").tag(sync=True)

    def __repr__(self):
        return f"Pad(pen={self.pen})"  # without an address, so that outputs can be compared


class Correction:
    """A row, `box`, in which a person says what a picture shows, and keeps it in a folder."""

    def __init__(self, folder: str | Path, kind: str, content: bytes = b""):
        self._content, self._folder, self._kind = content, Path(folder), kind
        self._text = ipywidgets.Text(
            placeholder="such as 7",
            description="Wrong? It is a",
            style={"description_width": "initial"},
            layout={"width": "190px"},
        )
        button = ipywidgets.Button(description="Keep it", tooltip="keep the picture and this label")
        button.add_class("digitlib-keep")
        button.on_click(self._keep)
        row = ipywidgets.HBox([self._text, button], layout={"flex_flow": "row wrap"})
        self._answer = ipywidgets.HTML()
        self.box = ipywidgets.VBox([row, self._answer])

    def clear(self, content: bytes) -> None:
        """Begin again with another picture."""
        self._content = content
        self._text.value = self._answer.value = ""

    def _keep(self, _) -> None:
        try:
            path = keep(self._folder.absolute(), self._content, self._text.value, self._kind)
        except (ValueError, OSError) as error:
            self._answer.value = sentence_html("Not kept", str(error))
            return
        label = self._text.value.strip() or "no digit"
        command = f"digitlib evaluate --data {shlex.quote(str(path.parent))}"
        said = f"as {label}: {path}. To score what you have kept: {command}"
        self._answer.value = sentence_html("Kept", said)


def upload_limit() -> int:
    """Return the largest size of a file, in MB, from the environment if it is set there."""
    try:
        return int(os.environ["DIGITLIB_UPLOAD_MB"])
    except (KeyError, ValueError):
        return JUPYTERS_LIMIT


def uploaded_files(value) -> list[tuple[str, bytes]]:
    """Return the (name, content) pairs in a FileUpload's value.

    ipywidgets 8 gives a tuple of dicts, 7.7 (which Colab has) a dict of dicts by file name.
    """
    if isinstance(value, dict):
        return [(name, bytes(item["content"])) for name, item in value.items()]
    return [(item["name"], bytes(item["content"])) for item in value]


def uploader(recognizer: Recognizer | None = None, folder: str | Path = FOLDER) -> ipywidgets.VBox:
    """Return a button to upload pictures, and below it the reading of each, step by step.

    Pictures that were read wrong are kept in a folder, with what they show.
    """
    recognizer = recognizer or Recognizer()
    button = ipywidgets.FileUpload(
        accept=FORMATS, multiple=True, description="Upload digits", button_style="primary"
    )
    button.add_class("digitlib-upload")
    hint = ipywidgets.HTML(
        f"<p>Photograph a digit, or choose a picture of one: at most {upload_limit()} MB a file, "
        "and less if you choose several at once. If nothing appears, they were too large for this "
        "server.</p>"
    )
    results = ipywidgets.VBox()

    def read(change) -> None:
        boxes = []
        for name, content in uploaded_files(change["new"]):
            page, is_read = _read(recognizer, name, content)
            row = [Correction(folder, "photo", content).box] if is_read else []
            boxes.append(ipywidgets.VBox([ipywidgets.HTML(page), *row]))
        results.children = boxes

    button.observe(read, names="value")
    return ipywidgets.VBox([button, hint, results])


def drawing_pad(
    recognizer: Recognizer | None = None, folder: str | Path = FOLDER
) -> ipywidgets.VBox:
    """Return a pad to draw on, and below it the reading, anew each time the pen lifts.

    Drawings that were read wrong are kept in a folder, with what they show.
    """
    if "google.colab" in sys.modules:  # Colab shows widgets of others only if asked
        from google.colab import output

        output.enable_custom_widget_manager()
    recognizer = recognizer or Recognizer()
    pad = Pad()
    empty = "<p>Draw a digit, or several in a row.</p>"
    result = ipywidgets.HTML(empty)
    correction = Correction(folder, "drawn")
    correction.box.layout.display = "none"

    def read(change) -> None:
        drawn = base64.b64decode(change["new"].partition(",")[2])
        correction.clear(drawn)
        correction.box.layout.display = "" if drawn else "none"
        result.value = _read(recognizer, "Your drawing", drawn)[0] if drawn else empty

    pad.observe(read, names="picture")
    return ipywidgets.VBox([pad, result, correction.box])


def _read(recognizer: Recognizer, name: str, content: bytes) -> tuple[str, bool]:
    """Return a picture's reading as HTML, or why it cannot be read, and whether it was read."""
    size, limit = len(content) / 2**20, upload_limit()
    if size > limit:
        said = f"This file has {size:.0f} MB, and {limit} MB is the limit; make it smaller."
        return sentence_html(name, said), False
    try:
        prepared = prepare(content)
    except PictureError as error:
        return sentence_html(name, str(error)), False
    return reading_html(name, prepared, recognizer.read_prepared(prepared)), True
