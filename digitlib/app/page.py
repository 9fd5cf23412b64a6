"""A reading as a piece of a web page: picture, ink, each 28 x 28 image, and its probabilities.

Plain HTML with small pictures takes milliseconds; a figure takes a third of a second.
"""

import base64
import html
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from digitlib.files import DIGIT_COLOURS
from digitlib.reading import Digit, Prepared, Reading

LARGEST = 260  # pixels, of the picture's longer side on the page
MOST_SHOWN = 12  # digits that are shown one by one
TRY = (
    "No digit found. Things to try: write larger or with a darker pen, leave some empty paper "
    "around the digit, and keep other objects out of the picture."
)
STYLE = f"<style>\n{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"


def reading_html(name: str, prepared: Prepared, reading: Reading) -> str:
    """Return a reading, step by step, as HTML."""
    picture = _figure(_thumbnail(prepared.picture.colours), f"{name}, the picture")
    ink = _figure(_ink_with_boxes(prepared, reading.digits), "its ink, digits in boxes")
    digits = "".join(_digit(digit) for digit in reading.digits[:MOST_SHOWN])
    rows = f'<div class="row">{picture}{ink}</div><div class="row">{digits}</div>'
    lines = reading.text.replace("\n", ", ")
    said = f"{lines} ({reading.confidence:.0%} sure)" if lines else TRY
    return sentence_html(name, said, rows)


def sentence_html(name: str, sentence: str, rows: str = "") -> str:
    """Return what is to be said of a file, and rows of HTML below it, as HTML."""
    text = f"<b>{html.escape(name)}</b>: {html.escape(sentence)}"
    return f'{STYLE}<div class="digitlib-reading"><p>{text}</p>{rows}</div>'


def _thumbnail(array: np.ndarray) -> Image.Image:
    image = Image.fromarray(array).convert("RGB")
    if max(image.size) < LARGEST / 2:
        factor = LARGEST // (2 * max(image.size)) + 1
        return image.resize([n * factor for n in image.size], Image.Resampling.NEAREST)
    image.thumbnail((LARGEST, LARGEST))
    return image


def _ink_with_boxes(prepared: Prepared, digits: list[Digit]) -> Image.Image:
    image = _thumbnail((255 - 255 * prepared.ink).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    scale = np.tile(np.divide(image.size, prepared.picture.size), 2)
    for digit in digits:
        box = tuple(digit.box * scale)
        pen.rectangle(box, outline=DIGIT_COLOURS[digit.digit], width=2)
    return image


def _figure(image: Image.Image, alt: str, kind: str = "") -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img class="{kind}" alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def _digit(digit: Digit) -> str:
    """Return the image that the network saw, beside a bar for each of ten probabilities."""
    bars = "".join(
        f'<span class="bar">{d}<i style="width:{60 * p:.0f}px;background:{colour}"></i></span>'
        for d, (p, colour) in enumerate(zip(digit.probabilities, DIGIT_COLOURS, strict=True))
    )
    alt = f"the 28 x 28 image read as {digit.digit}, {digit.confidence:.0%} sure"
    return f"{_figure(Image.fromarray(digit.image), alt, 'seen')}<div>{bars}</div>"
