"""What the page asks, answered: a question and a picture in, something fit for JSON out.

The page's scripts ask the same whether they are part of a notebook, where a widget carries the
question to the kernel, or of `digitlib app`, where a server does. Nothing is remembered between
two questions: a picture that is to be kept is sent once more.
"""

import base64
import csv
import functools
import io
import traceback
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from PIL.ExifTags import Base

from digitlib.datasets import labelled_folder
from digitlib.errors import PictureError
from digitlib.files import SAMPLES, SHIPPED_MODEL, how_to_install
from digitlib.reading import Digit, Prepared, Reading, Recognizer, open_picture, prepare
from digitlib.reading.advice import advice

LARGEST = 320  # pixels, of the longer side of a picture on the page
THUMBNAIL = 128  # of a sample that can be clicked, on screens with two pixels for one
PALE = 0.3  # how dark ink is shown that belongs to no digit
LEFT_OUT = np.array([221, 85, 0])  # the colour of ink that was not taken for writing
BOX = "#0a5a86"  # the frame around a digit
PAD_SIDE = 280  # pixels of a test image, enlarged as if it had been drawn on the pad
TEST_IMAGES = 100
PNG_MODES = ("1", "L", "RGB", "RGBA", "I;16")


def answer(question: dict, content: bytes, recognizer: Recognizer, folder: str | Path) -> dict:
    """Return the answer to a question of the page, or why there is none, as {"error": sentence}.

    Parameters
    ----------
    question : dict
        ``kind`` says what is asked, a key of `KINDS`; the rest depends on it.
    content : bytes
        A picture file, or nothing.
    recognizer : Recognizer
        What reads.
    folder : str or Path
        Where pictures are kept with their label.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> picture = (SAMPLES / "coloured.png").read_bytes()
    >>> answer({"kind": "read"}, picture, Recognizer(), "my_digits")["text"]
    '5'
    """
    ask = KINDS.get(str(question.get("kind"))) if isinstance(question, dict) else None
    if ask is None:
        return {"error": "This page is of another version of digitlib; load it again."}
    try:
        return ask(question, content, recognizer, Path(folder))
    except (PictureError, ValueError, OSError) as error:
        return {"error": str(error)}
    except ModuleNotFoundError as error:
        return {"error": f"This needs {error.name}; run: {how_to_install('train,app')}"}
    except Exception as error:  # a fault of ours must not leave the page without an answer
        traceback.print_exc()
        return {"error": f"Reading it failed: {type(error).__name__}."}


def _read(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    prepared = prepare(content)
    read = reading_data(prepared, recognizer.read_prepared(prepared), recognizer)
    if question.get("picture"):
        read["picture"] = data_url(_thumbnail(prepared.picture.colours))
    return read


def reading_data(prepared: Prepared, reading: Reading, recognizer: Recognizer) -> dict:
    """Return a reading as the page shows it.

    ``digits`` are those that were read, and ``looked`` what was looked at instead where none was;
    each with ``digit`` (10: none), ``confidence``, eleven ``probabilities`` and ``image``, the
    784 bytes that the network saw, in base64. ``ink`` is a picture of what was taken for writing,
    and of what was not if ``rest`` is true. ``advice`` says what to do where no digit was read.
    """
    looked = [] if reading.digits else _looked_at(prepared, recognizer)
    boxes = [digit.box for digit in reading.digits]
    return {
        "text": reading.text,
        "confidence": reading.confidence,
        "digits": [_glyph(digit.image, _eleven(digit)) for digit in reading.digits],
        "looked": looked,
        "ink": data_url(_ink(prepared, boxes)),
        "rest": bool(prepared.rest.any()),
        "advice": "" if reading.digits else advice(prepared),
    }


def _eleven(digit: Digit) -> np.ndarray:
    """Return a digit's ten probabilities, and that it is none."""
    return np.append(digit.probabilities, max(0.0, 1 - float(digit.probabilities.sum())))


def _looked_at(prepared: Prepared, recognizer: Recognizer) -> list[dict]:
    """Return the pieces of ink in which no digit was found, whole ones, left to right."""
    images = [glyph.image for line in prepared.lines for glyph in line.pieces]
    if not images:
        return []
    probabilities = recognizer.probabilities(np.stack(images))
    return [_glyph(image, p) for image, p in zip(images, probabilities, strict=True)]


def _glyph(image: np.ndarray, probabilities: np.ndarray) -> dict:
    best = int(probabilities.argmax())
    return {
        "digit": best,
        "confidence": float(probabilities[best]),
        "probabilities": [round(float(p), 5) for p in probabilities],
        "image": base64.b64encode(image.tobytes()).decode(),
    }


def _thumbnail(array: np.ndarray, largest: int = LARGEST) -> Image.Image:
    """Return an array as a picture that is at most so large, and not tiny."""
    image = Image.fromarray(array).convert("RGB")
    if max(image.size) < largest / 2:
        factor = largest // (2 * max(image.size)) + 1
        return image.resize([n * factor for n in image.size], Image.Resampling.NEAREST)
    image.thumbnail((largest, largest))
    return image


def _ink(prepared: Prepared, boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    """Return the ink, dark where it belongs to a digit, and a frame around each digit.

    Ink that was not taken for writing has another colour.
    """
    scale = np.tile(np.divide(prepared.ink.shape[::-1], prepared.picture.size), 2)
    weight = np.full(prepared.ink.shape, PALE if boxes else 1.0, np.float32)
    for box in boxes:
        left, top, right, bottom = (round(n) for n in box * scale)
        weight[top:bottom, left:right] = 1
    grey = 255 - 255 * weight * prepared.ink
    if (rest := prepared.rest).any():
        shade = np.sqrt(rest)[..., None]  # as lines are thin and pale
        grey = grey[..., None] - shade * (255 - LEFT_OUT)
    image = _thumbnail(grey.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for box in boxes:
        pen.rectangle(
            tuple(box * np.tile(np.divide(image.size, prepared.picture.size), 2)), None, BOX, 2
        )
    return image


def data_url(image: Image.Image) -> str:
    """Return an image as an address that holds it: a PNG, or a JPEG where that is too large."""
    file = io.BytesIO()
    image.save(file, "PNG")
    kind = "png"
    if file.tell() > 30_000:  # a photo, or its ink
        file = io.BytesIO()
        image.save(file, "JPEG", quality=85)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


# To click at once


def _samples(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    with (SAMPLES / "to_click.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["picture"] = data_url(_thumbnail(_sample(row["path"]).picture.colours, THUMBNAIL))
    return {"samples": rows}


def _read_sample(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    prepared = _sample(str(question.get("path")))
    read = reading_data(prepared, recognizer.read_prepared(prepared), recognizer)
    return read | {"picture": data_url(_thumbnail(prepared.picture.colours))}


@functools.cache
def _sample(name: str) -> Prepared:
    return prepare(SAMPLES / Path(name).name)


def _another(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    """Answer with one of 100 test images, enlarged and turned dark on light, and its label."""
    name, images, labels = _test_images()
    index = int(question.get("index", 0)) % len(images)
    grey = Image.fromarray(255 - images[index])
    picture = grey.resize((PAD_SIDE, PAD_SIDE), Image.Resampling.BICUBIC)
    prepared = prepare(picture)
    read = reading_data(prepared, recognizer.read_prepared(prepared), recognizer)
    return read | {"picture": data_url(picture), "label": str(labels[index]), "source": name}


@functools.cache
def _test_images() -> tuple[str, np.ndarray, np.ndarray]:
    from digitlib.datasets.digits import digits_at_hand

    digits = digits_at_hand()
    chosen = np.random.default_rng(0).permutation(len(digits.test_labels))[:TEST_IMAGES]
    return digits.name, digits.test_images[chosen], digits.test_labels[chosen]


# What is kept


def without_metadata(content: bytes) -> bytes:
    """Return a picture file without what a camera adds, such as the place, but upright as before.

    A JPEG stays one, with the same quality, and keeps of its EXIF data the orientation alone;
    everything else becomes a PNG without any.

    Raises
    ------
    PictureError
        If it is no picture.
    """
    colours = open_picture(content).colours  # raises what is to be raised
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes that open_picture has checked
        image = Image.open(io.BytesIO(content))
        if image.format in ("JPEG", "MPO"):  # of several JPEGs in a file, the first
            exif = Image.Exif()
            exif[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
            image.save(file, "JPEG", quality="keep", exif=exif, icc_profile=None, comment=b"")
            return file.getvalue()
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in PNG_MODES or "transparency" in upright.info:
            upright = Image.fromarray(colours)
        bare = Image.new(upright.mode, upright.size)  # of the file's own texts nothing is left
        bare.paste(upright)
        bare.save(file, "PNG")
    return file.getvalue()


def _keep(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    text = question.get("text")
    if text is None:
        raise ValueError("Say what it shows first: nothing is kept without a label.")
    before = dict(_kept_rows(folder))
    kind = "drawn" if question.get("drawn") else "photo"
    content = without_metadata(content)
    path = labelled_folder.keep(folder.absolute(), content, str(text), kind)
    return {"path": path.name, "before": before.get(path.name), **kept(folder)}


def _forget(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    labelled_folder.forget(folder, str(question.get("path")), question.get("before"))
    return kept(folder)


def _kept(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    return kept(folder)


def kept(folder: Path) -> dict:
    """Return what a folder holds, newest last, and where it is."""
    rows = [{"path": name, "text": text} for name, text in _kept_rows(folder)]
    return {"kept": rows, "folder": str(folder.absolute())}


def _kept_rows(folder: Path) -> list[tuple[str, str]]:
    return [(path.name, text) for path, text in labelled_folder.pictures_in(folder)]


def _network(question: dict, content: bytes, recognizer: Recognizer, folder: Path) -> dict:
    """Answer with the shipped network, for its layers to be shown; {} if another one reads."""
    from digitlib.app.weights import exported  # h5py, which nothing else here needs

    return {"network": exported()} if recognizer.model == SHIPPED_MODEL else {}


KINDS = {
    "read": _read,
    "samples": _samples,
    "sample": _read_sample,
    "another": _another,
    "keep": _keep,
    "forget": _forget,
    "kept": _kept,
    "network": _network,
}
