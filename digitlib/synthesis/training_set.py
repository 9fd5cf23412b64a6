"""All that the reader's network learns from, made by code from MNIST's training images."""

import multiprocessing

import numpy as np

from digitlib.files import usable_cores
from digitlib.reading.imaging import prepare
from digitlib.synthesis.digits import Pictures, Random, by_one_pen, draw_digit, look, redraw
from digitlib.synthesis.negatives import draw_negative, slices
from digitlib.synthesis.pages import on_paper, row_of

CHUNK = 500  # images that one process makes at a time
# How like what was drawn a digit found on a page must be. Of 35 less like it, 18 were something
# else, such as a piece of a frame; of 843 others, 13.
LIKE = 0.6


def reader_images(images: np.ndarray, labels: np.ndarray, seed: int, copies: int) -> Pictures:
    """Return what the reader learns from: redrawn and drawn digits, and what is not a digit.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,)
        MNIST's training images.
    seed : int
        The same seed gives the same images, on any number of cores.
    copies : int
        How often each image is redrawn. A fifth as many digits are drawn by code, a third as
        many pictures of no digit are added, labelled 10, about a third as many slices of digits,
        some of them whole, and about a sixth as many digits as the reader finds them on pages.

    Returns
    -------
    (m, 28, 28) uint8 and (m,) int
    """
    jobs = [
        (images[start : start + CHUNK], labels[start : start + CHUNK], [seed, copy, start])
        for copy in range(copies)
        for start in range(0, len(images), CHUNK)
    ]
    with multiprocessing.get_context("spawn").Pool(usable_cores()) as pool:
        made = pool.map(_make, jobs, chunksize=1)
    return np.concatenate([m for m, _ in made]), np.concatenate([m for _, m in made])


def _make(job: tuple[np.ndarray, np.ndarray, list[int]]) -> Pictures:
    images, labels, seed = job
    rng = np.random.default_rng(seed)
    made = [look(redraw(image, label, rng)) for image, label in zip(images, labels, strict=True)]
    drawn = rng.integers(0, 10, len(images) // 5)
    made += [look(draw_digit(label, rng)) for label in drawn]
    negatives = [draw_negative(images, rng) for _ in range(len(images) // 3)]
    cut = [slices(images, labels, rng) for _ in range(len(images) // 8)]
    cut += [_on_a_page(images, labels, rng) for _ in range(len(images) // 12)]
    return (
        np.concatenate([np.stack(made + negatives), *(images for images, _ in cut)]),
        np.concatenate([labels, drawn, np.full(len(negatives), 10), *(names for _, names in cut)]),
    )


def _on_a_page(images: np.ndarray, labels: np.ndarray, rng: Random) -> Pictures:
    """Return digits as the reader finds them on a page, with what rules and frames leave of them.

    Where it finds more or fewer pieces than there are digits, nobody knows which is which.
    """
    chosen = rng.integers(len(images), size=rng.choice([1, 2, 3, 4]))
    inks = by_one_pen(images[chosen], rng)
    lines = prepare(on_paper(row_of(inks, rng), rng)).lines
    found = [glyph.image for line in lines for glyph in line.pieces]
    if len(found) != len(chosen):
        found, inks = [], []
    like = [_likeness(image, look(ink)) > LIKE for image, ink in zip(found, inks, strict=True)]
    kept = np.flatnonzero(like)
    return np.array(found, np.uint8).reshape(-1, 28, 28)[kept], labels[chosen[kept]]


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine between two images of one shape: 1 where they are the same, 0 apart."""
    a, b = one.astype(float).ravel(), other.astype(float).ravel()
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))
