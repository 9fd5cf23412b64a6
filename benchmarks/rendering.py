"""Pictures of MNIST's test digits as people might photograph them, for measuring alone.

Shares no code and no parameter with what the reader is trained on (`digitlib.synthesis`): pens
are made by blurring and thresholding, perspective and light by Pillow and NumPy on whole pages.
"""

import io

import numpy as np
from PIL import Image, ImageFilter


def single(image: np.ndarray, rng: np.random.Generator) -> bytes:
    """Return one digit, (28, 28) uint8, somewhere on a page, as the bytes of a JPEG or PNG."""
    height = int(rng.integers(40, 420))
    ink = _written(image, height, rng)
    margins = rng.uniform(0.15, 1.2, 4) * height
    return _photographed(_placed([ink], margins, rng), height, rng)


def number(images: np.ndarray, rng: np.random.Generator) -> bytes:
    """Return several digits in a row on a page, as the bytes of a JPEG or PNG."""
    height = int(rng.integers(48, 140))
    pen = rng.uniform(0.25, 0.5)
    inks = [_written(image, int(height * rng.uniform(0.85, 1.1)), rng, pen) for image in images]
    margins = rng.uniform(0.6, 1.5, 4) * height
    return _photographed(_placed(inks, margins, rng), height, rng)


def _written(image, height, rng, pen=None) -> np.ndarray:
    """Return a digit `height` pixels tall, written with a thinner or thicker pen, 0..1."""
    rows, columns = (np.flatnonzero(image.max(axis) > 60) for axis in (1, 0))
    tight = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = max(4, round(height * tight.shape[1] / tight.shape[0]))
    pad = max(2, height // 8)
    large = Image.new("L", (width + 2 * pad, height + 2 * pad))
    large.paste(
        Image.fromarray(tight).resize((width, height), Image.Resampling.LANCZOS), (pad, pad)
    )
    soft = np.asarray(large.filter(ImageFilter.GaussianBlur(height / 28)), float) / 255
    threshold = pen if pen is not None else rng.uniform(0.25, 0.5)
    return np.clip((soft - threshold) * 6 + 0.5, 0, 1)


def _placed(inks, margins, rng) -> np.ndarray:
    """Return digits side by side, with gaps as people leave them, and margins around them."""
    height = max(ink.shape[0] for ink in inks)
    drift = rng.normal(0, 0.04) * height
    lefts, x = [], margins[0]
    for ink in inks:
        inked = np.flatnonzero((ink > 0.5).any(axis=0))
        lefts.append(int(x - inked[0]))
        x += np.ptp(inked) + 1 + height * rng.uniform(0.08, 0.4)
    shape = int(height + margins[2] + margins[3]), int(x + margins[1])
    page = np.zeros(shape)
    for k, (ink, left) in enumerate(zip(inks, lefts, strict=True)):
        top = int(np.clip(margins[2] + k * drift, 0, shape[0] - ink.shape[0]))
        left = int(np.clip(left, 0, shape[1] - ink.shape[1]))
        spot = page[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(spot, ink, out=spot)
    return page


def _photographed(ink: np.ndarray, height: int, rng) -> bytes:
    """Return ink on lit paper, seen from an angle, with a camera's noise and compression."""
    rows, columns = ink.shape
    y, x = np.mgrid[0:rows, 0:columns]
    dark_paper = rng.random() < 0.15
    paper = rng.uniform(20, 70, 3) if dark_paper else rng.uniform(185, 255) * rng.uniform(0.9, 1, 3)
    pen = rng.uniform(200, 255, 3) if dark_paper else rng.uniform(0, 110, 3)
    strength = rng.uniform(0.75, 1) * ink[..., None]
    colours = paper * (1 - strength) + pen * strength
    if rng.random() < 0.15 and not dark_paper:
        colours = _ruled(colours, y, x, height, rng)
    light = 1 - rng.uniform(0, 0.4) * np.hypot(x / columns - rng.random(), y / rows - rng.random())
    if rng.random() < 0.15:
        edge = (x / columns) * rng.normal() + (y / rows) * rng.normal() > rng.uniform(0.2, 0.6)
        light = np.where(edge, light * rng.uniform(0.65, 0.9), light)
    colours = colours * light[..., None]
    image = Image.fromarray(np.uint8(np.clip(colours, 0, 255)))
    image = _from_an_angle(image, rng)
    noisy = np.asarray(image, float) + rng.normal(0, rng.uniform(0, 7), (*image.size[::-1], 3))
    image = Image.fromarray(np.uint8(np.clip(noisy, 0, 255)))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, height / 60)))
    file = io.BytesIO()
    if rng.random() < 0.7:
        image.save(file, "JPEG", quality=int(rng.integers(40, 95)))
    else:
        image.save(file, "PNG")
    return file.getvalue()


def _ruled(colours, y, x, height, rng) -> np.ndarray:
    """Return the page with thin pale lines, a little less than a digit apart."""
    pitch = height * rng.uniform(0.5, 1.3)
    width = max(1.0, height / 60)
    lines = np.mod(y - rng.uniform(0, pitch), pitch) < width
    if rng.random() < 0.5:  # squared
        lines |= np.mod(x - rng.uniform(0, pitch), pitch) < width
    pale = np.array([150, 175, 215]) if rng.random() < 0.5 else np.array([175, 175, 175])
    return np.where(lines[..., None], np.minimum(colours, pale), colours)


def _from_an_angle(image: Image.Image, rng) -> Image.Image:
    """Return the picture with its corners moved by up to a twentieth, and turned a little."""
    width, height = image.size
    paper = tuple(int(v) for v in np.median(np.asarray(image)[0], axis=0))
    image = image.rotate(rng.normal(0, 3), Image.Resampling.BICUBIC, expand=False, fillcolor=paper)
    inward = rng.uniform(0, 0.05, 8) * np.tile([width, height], 4)
    quad = np.array([0, 0, 0, height, width, height, width, 0]) + inward * np.array(
        [1, 1, 1, -1, -1, -1, -1, 1]
    )
    return image.transform(
        (width, height), Image.Transform.QUAD, list(quad), Image.Resampling.BICUBIC, fillcolor=paper
    )
