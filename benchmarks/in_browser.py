"""The page that reads in the browser, held to Python: `python benchmarks/in_browser.py`.

Gives the same grey arrays to both: drawings made by code, and MNIST's test images as pictures.
Prints in how many they agree, how far their images and probabilities are apart, and how long a
drawing takes in Chromium.
"""

import argparse
import base64
import contextlib
import os
import shutil
from collections.abc import Iterator

import numpy as np

from digitlib.app.browser import bundle, fitted
from digitlib.app.weights import exported
from digitlib.datasets.digits import load_digits
from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import load_network
from digitlib.reading.drawing import drawing_lines, read_drawing
from digitlib.synthesis.strokes import DIGITS, draw, smooth

SEED = 19
# Reads what is handed over; gives the text, and of each thing that was looked at, left to right.
READ = """([content, height, width]) => {
  const grey = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const start = performance.now();
  const { text, confidence, digits, looked } = readDrawing(grey, height, width, ...reader);
  const ms = performance.now() - start;
  const plain = ({ box, image, probabilities }) => ({ box, image: [...image], probabilities });
  return { text, confidence, ms, digits: digits.map(plain), looked: looked.map(plain) };
}"""


def drawing(rng: np.random.Generator, count: int = 0) -> np.ndarray:
    """Return digits drawn in a row on plain paper, (h, w) uint8; `count` of them, or 1 to 5."""
    count = count or (1 if rng.random() < 0.6 else int(rng.integers(2, 6)))
    size = rng.uniform(50, 230)
    margin = 0.3 * size
    pen = size * rng.uniform(0.03, 0.16)
    strokes, left = [], margin
    for _ in range(count):
        ways = DIGITS[str(rng.integers(10))]
        height = size * rng.uniform(0.85, 1.15)
        width = height * rng.uniform(0.5, 0.9)
        top = margin + rng.uniform(0, 0.2) * size
        for stroke in ways[rng.integers(len(ways))]:
            # Equal points are a corner, and stay equal.
            unique, place = np.unique(np.array(stroke, float), axis=0, return_inverse=True)
            shaken = (unique + rng.normal(0, 0.02, unique.shape))[place.ravel()]
            strokes.append(smooth(shaken) * (width, height) + (left, top))
        left += width + pen + rng.uniform(0.15, 0.5) * size
    shape = int(left + margin), int(2 * margin + 1.4 * size)
    ink = draw(strokes, shape, pen)
    paper, colour = sorted(rng.integers(0, 256, 2))
    if colour - paper < 40:
        paper, colour = 0, 255
    if rng.random() < 0.8:  # dark on light
        paper, colour = colour, paper
    return np.uint8(np.round(paper + ink * (float(colour) - paper)))


def drawings(count: int) -> Iterator[np.ndarray]:
    """Yield drawings, always the same."""
    rng = np.random.default_rng(SEED)
    return (drawing(rng) for _ in range(count))


@contextlib.contextmanager
def reader_in_chromium() -> Iterator:
    """Give a function that reads a grey array (h, w) in Chromium."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(content=bundle("network.js", "drawing.js"))
        page.evaluate(
            "([network, fitted]) => { globalThis.reader = [loadNetwork(network), fitted]; }",
            [exported(), fitted()],
        )

        def read(grey: np.ndarray) -> dict:
            content = base64.b64encode(np.ascontiguousarray(grey).tobytes()).decode()
            return page.evaluate(READ, [content, *grey.shape])

        yield read
        browser.close()


def compare(pictures, read) -> dict[str, float]:
    """Return how far Python and a browser agree on drawings; raises if they see other pieces.

    "pixels": the share of pixels that differ by at most 2 of 255; "answers": the share of drawings
    with the same text; "probabilities": the share of digits whose probabilities are all within
    0.01; "confidence": the share of drawings whose confidence is; "pieces": the share of drawings
    cut into the same pieces; "ms" and "digits": lists.
    """
    network = load_network(SHIPPED_MODEL)
    pixels, answers, probabilities, confidence, pieces = [], [], [], [], []
    ms, digits = [], []
    for grey in pictures:
        there, here = read(grey), read_drawing(grey, network)
        glyphs = [glyph for line in drawing_lines(grey) for glyph in line.glyphs.values()]
        seen = {tuple(look["box"]): np.array(look["image"]) for look in there["looked"]}
        pieces.append(sorted(seen) == sorted(glyph.box for glyph in glyphs))
        for glyph in glyphs:
            if glyph.box in seen:
                apart = np.abs(glyph.image.ravel().astype(int) - seen[glyph.box])
                pixels.append(float(np.mean(apart <= 2)))
        answers.append(there["text"] == here.text)
        confidence.append(abs(there["confidence"] - here.confidence) < 0.01)
        ms.append(there["ms"])
        digits.append(len(there["digits"]))
        if answers[-1]:
            for a, b in zip(here.digits, there["digits"], strict=True):
                close = np.abs(a.probabilities - b["probabilities"][:10]) < 0.01
                probabilities.append(bool(close.all()))
    return {
        "pieces": float(np.mean(pieces)),
        "pixels": float(np.mean(pixels)),
        "answers": float(np.mean(answers)),
        "probabilities": float(np.mean(probabilities)),
        "confidence": float(np.mean(confidence)),
        "ms": ms,
        "digits": digits,
    }


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=2000)
    parser.add_argument("--images", type=int, default=1000, help="of MNIST's test images")
    options = parser.parse_args()
    with reader_in_chromium() as read:
        for name, pictures in (
            ("drawings", drawings(options.drawings)),
            ("MNIST", load_digits().test_images[: options.images]),
        ):
            found = compare(pictures, read)
            ms, digits = np.array(found.pop("ms")), np.array(found.pop("digits"))
            print(name, *(f"{key} {value:.3%}" for key, value in found.items()), sep="   ")
            for count in np.unique(digits):
                some = ms[digits == count]
                print(f"  {count} digits: median {np.median(some):.1f} ms, of {len(some)}")


if __name__ == "__main__":
    main()
