"""The drawing pad and the uploader as widgets for a notebook, with ipywidgets 7.7 and 8.

What they show is drawn by the scripts in this folder; here is what carries the page's questions
to `digitlib.app.answers`, and the answers back.
"""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import anywidget
import traitlets
from PIL import Image, ImageDraw, ImageFont

from digitlib.app.answers import answer
from digitlib.app.browser import SCRIPTS, STYLES, bundle, together
from digitlib.datasets.labelled_folder import FOLDER
from digitlib.reading import Recognizer

LARGEST = 50 * 2**20  # bytes of a file; the page refuses more, and so does the kernel
ALT = "A greyed picture of a drawing pad, which works where there is a kernel"
MOST_UNFINISHED = 4  # files of which pieces have come and not all; a page sends one at a time


class _Part(anywidget.AnyWidget):
    """A part of the page. Its questions come in pieces, so that no message is too large."""

    _esm = bundle(*SCRIPTS, "widget.js")
    _css = together(*STYLES)
    part = traitlets.Unicode().tag(sync=True)

    def __init__(self, part: str, recognizer: Recognizer | None, folder: str | Path):
        super().__init__(part=part)
        self._recognizer, self._folder = recognizer or Recognizer(), folder
        self._pieces: dict[str, bytearray] = {}
        self.on_msg(self._hear)

    def _hear(self, _, message: dict, buffers: Sequence) -> None:
        """Take a piece of what a question is about; answer the question with the last one."""
        number = str(message.get("id"))
        content = self._pieces.pop(number, bytearray())
        for buffer in buffers:
            content += buffer
        if len(content) > LARGEST:
            self.send({"id": number, "error": "This file has more than 50 MB; make it smaller."})
        elif message.get("more"):
            self._pieces[number] = content
            while len(self._pieces) > MOST_UNFINISHED:
                self._pieces.pop(next(iter(self._pieces)))
            self.send({"id": number, "more": True})
        else:
            replied = answer(message, bytes(content), self._recognizer, self._folder)
            self.send({"id": number, **replied})
            self._answered(message, bytes(content), replied)

    def _answered(self, question: dict, content: bytes, replied: dict) -> None:
        """Do what there is to do beside; for classes made from this one."""

    def _repr_mimebundle_(self, **options):
        """Return what a notebook shows: the widget, or where there is no kernel, a picture."""
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        data["text/plain"] = repr(self)
        data["image/png"] = still(self._text)
        metadata = {**metadata, "image/png": {"alt": f"{ALT}: {self._text}"}}
        return data, metadata

    _text = ""  # what the picture says


class Pad(_Part):
    """A pad to draw on, with the answer beside it; `picture` is what was read last, as a PNG.

    Examples
    --------
    >>> drawing_pad()
    Pad()
    """

    picture = traitlets.Bytes(b"")
    _text = "Run this cell to draw"

    def _answered(self, question: dict, content: bytes, replied: dict) -> None:
        if question.get("kind") == "read":
            self.picture = content

    def __repr__(self):
        return "Pad()"  # without an address, so that outputs can be compared


class Uploader(_Part):
    """A place to drop, paste, choose or take pictures of digits, which are read one by one."""

    _text = "Run this cell to read photos"

    def __repr__(self):
        return "Uploader()"


def drawing_pad(recognizer: Recognizer | None = None, folder: str | Path = FOLDER) -> Pad:
    """Return a pad to draw on, which answers while one draws.

    Drawings can be kept in `folder`, with what they show.
    """
    return Pad("pad", recognizer, folder)


def uploader(recognizer: Recognizer | None = None, folder: str | Path = FOLDER) -> Uploader:
    """Return an uploader, and below it the reading of each picture.

    Pictures can be kept in `folder`, with what they show.
    """
    return Uploader("uploader", recognizer, folder)


def still(text: str) -> str:
    """Return a grey picture of a pad that says what to do, as a PNG in base64."""
    image = Image.new("L", (560, 200), 238)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((10, 10, 190, 190), 12, 250, 150, 2)
    pen.line([(65, 60), (135, 60), (90, 150)], 170, 12, "curve")
    font = ImageFont.load_default(24)
    pen.text((215, 100), text, 80, font, "lm")
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
