"""The uploader of notebook 05: choose pictures, see them read. Works with ipywidgets 7.7 and 8."""

import base64
import html

import ipywidgets

from digitlib import figures
from digitlib.imaging import prepare
from digitlib.pictures import PictureError
from digitlib.recognizer import Recognizer

FORMATS = ".png,.jpg,.jpeg,.webp,.gif,.bmp,.tif,.tiff"


def uploaded_files(value) -> list[tuple[str, bytes]]:
    """Return the (name, content) pairs in a FileUpload's value.

    ipywidgets 8 gives a tuple of dicts, 7.7 (which Colab has) a dict of dicts by file name.
    """
    if isinstance(value, dict):
        return [(name, bytes(item["content"])) for name, item in value.items()]
    return [(item["name"], bytes(item["content"])) for item in value]


def uploader(recognizer: Recognizer | None = None) -> ipywidgets.VBox:
    """Return a button to upload pictures, and below it the reading of each, step by step."""
    recognizer = recognizer or Recognizer()
    button = ipywidgets.FileUpload(
        accept=FORMATS, multiple=True, description="Upload digits", button_style="primary"
    )
    button.add_class("digitlib-upload")
    hint = ipywidgets.HTML(
        "<p>Draw a digit, or photograph one, and choose the file. "
        "Jupyter's usual limit is 10 MB a file.</p>"
    )
    results = ipywidgets.VBox()

    def read(change) -> None:
        files = uploaded_files(change["new"])
        results.children = [
            ipywidgets.HTML(reading_html(recognizer, name, content)) for name, content in files
        ]

    button.observe(read, names="value")
    return ipywidgets.VBox([button, hint, results])


def reading_html(recognizer: Recognizer, name: str, content: bytes) -> str:
    """Return how a picture was read as HTML; a picture that cannot be read gets its sentence."""
    heading = f"<b>{html.escape(name)}</b>: "
    try:
        prepared = prepare(content)
    except PictureError as error:
        return f"<p>{heading}{html.escape(str(error))}</p>"
    reading = recognizer.read_prepared(prepared)
    said = ", ".join(reading.text.split("\n"))
    title = f"{said} ({reading.confidence:.0%} sure)" if said else "no digit found"
    figure = figures.reading_steps(
        prepared.picture.colours, prepared.ink, prepared.picture.size, reading.digits, title
    )
    picture = base64.b64encode(figures.png(figure)).decode()
    if not said:
        heading += "No digit found. Try more contrast, or a picture with less around the digit. "
    alt = html.escape(title)
    return f'<p>{heading}{alt}</p><img alt="{alt}" src="data:image/png;base64,{picture}">'
