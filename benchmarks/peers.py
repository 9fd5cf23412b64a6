"""Other readers beside ours, where they are installed: RapidOCR and Tesseract; used by reading.py.

Of what they say, digits alone count, run together in the order in which they come. Confidence is
that of the least sure line (RapidOCR) or word (Tesseract) with a digit in it. Where they find none
they do not say how sure they are; this counts as 0.
"""

import csv
import importlib.util
import io
import logging
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image, ImageOps

Answer = tuple[str, float]  # digits, and how sure
Reader = Callable[[Iterable], list[Answer]]


def readers() -> dict[str, Reader]:
    """Return the readers that are installed, by name."""
    found: dict[str, Reader] = {}
    if importlib.util.find_spec("rapidocr"):
        found["RapidOCR"] = rapidocr()
    if shutil.which("tesseract"):
        for mode in ("6", "11"):  # one block of text; sparse text in no order
            found[f"Tesseract --psm {mode}"] = tesseract(mode)
    return found


def rapidocr() -> Reader:
    """Return RapidOCR with the models in its wheel."""
    from rapidocr import RapidOCR

    engine = RapidOCR()
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)  # it warns of each page without text

    def read(picture) -> Answer:
        found = engine(np.asarray(upright(picture))[..., ::-1])  # blue first, as OpenCV has it
        return least_sure(zip(found.txts or (), found.scores or (), strict=True))

    return lambda pictures: [read(picture) for picture in pictures]


def tesseract(mode: str) -> Reader:
    """Return Tesseract in one of its modes of page segmentation, told that all are digits."""
    options = ["--psm", mode, "-c", "tessedit_char_whitelist=0123456789", "tsv"]

    def read(picture) -> Answer:
        file = io.BytesIO()
        upright(picture).save(file, "PNG")
        done = subprocess.run(
            ["tesseract", "-", "-", *options],
            input=file.getvalue(), capture_output=True, check=True,
        )  # fmt: skip
        rows = csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=3)
        return least_sure((row["text"] or "", float(row["conf"]) / 100) for row in rows)

    return lambda pictures: [read(picture) for picture in pictures]


def least_sure(said: Iterable[Answer]) -> Answer:
    """Return all digits of what was said piece by piece, and the least confidence among them."""
    pieces = [(re.sub("[^0-9]", "", text), sure) for text, sure in said]
    pieces = [(digits, sure) for digits, sure in pieces if digits]
    return "".join(digits for digits, _ in pieces), min((sure for _, sure in pieces), default=0.0)


def upright(picture) -> Image.Image:
    """Return a file, given by its path or content, as it is shown: upright, on white paper."""
    image = Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)
    image = ImageOps.exif_transpose(image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def edit_distance(said: str, text: str) -> int:
    """Return how many letters to change, add or leave out make one text of another."""
    row = list(range(len(text) + 1))
    for i, one in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(text):
            row.append(min(above[j + 1] + 1, row[j] + 1, above[j] + (one != other)))
    return row[-1]
