"""Picture in, reading out: `Recognizer().read("photo.jpg").text`. Needs no TensorFlow."""

import functools
import itertools
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from digitlib.errors import PictureError, reason
from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import load_network
from digitlib.reading.glyphs import Line
from digitlib.reading.imaging import Glyph, Prepared, prepare
from digitlib.reading.pictures import PictureLike
from digitlib.reading.sources import open_source

NOTHING_FOUND = 0.99  # confidence that there is no digit where there is no ink
BATCH = 64
# How much rarer no-digits are among what people bring than among what the reader learnt from; and
# what it costs to believe that a piece is two digits that touch. Varied in benchmarks/README.md.
NO_DIGIT_ODDS, CUT = 0.4, np.log(0.7)
LEAST_SHARE = 0.6  # of a picture's ink that digits have, if there are any
LEAST_TYPICAL = 0.4  # confidence, in the geometric mean over digits
LEFT_OUT = np.log(0.4)  # what it costs to leave ink out that might be part of a digit

DOUBT = 0.95  # less than this is looked at again
FIRST_LOOK = 2  # how much the image itself counts among the altered ones
# Rows of 2 x 2 matrices: slanted, turned, narrower, wider, shorter, taller, smaller.
ALTERATIONS = (
    ((1, 0.12), (0, 1)), ((1, -0.12), (0, 1)), ((1, 0), (0.12, 1)), ((1, 0), (-0.12, 1)),
    ((1.1, 0), (0, 1)), ((0.92, 0), (0, 1)), ((1, 0), (0, 1.1)), ((1.05, 0), (0, 1.05)),
)  # fmt: skip


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    `probabilities` is (10,), `confidence` the largest of them; `box` is (left, top, right,
    bottom), half-open, in pixels of the upright picture; `image` is the (28, 28) uint8 that the
    network saw.
    """

    digit: int
    confidence: float
    probabilities: np.ndarray
    box: tuple[int, int, int, int]
    image: np.ndarray


@dataclass(frozen=True)
class Reading:
    r"""What a picture says: its lines joined by "\n", or "" where there is no digit.

    `confidence` is the probability that `text` is right: the product over its digits, or, where
    there is none, the probability that there is none.
    """

    text: str
    confidence: float
    digits: list[Digit]


@dataclass(frozen=True)
class Result:
    """What became of one of many pictures: its reading, or the error that stands in its place.

    `seconds` is the time it took; the network's is shared evenly among the pictures of a batch.
    """

    path: str | Path
    reading: Reading | None
    error: PictureError | None
    seconds: float = 0.0


class Recognizer:
    """Reads digits with a saved network (`digitlib.load_network`), or with the shipped one."""

    def __init__(self, model: str | Path | None = None):
        self.model = Path(model or SHIPPED_MODEL)
        self._network = load_network(self.model)

    def read(self, picture: PictureLike) -> Reading:
        """Read a picture: a path, bytes, a Pillow image or an array.

        Raises
        ------
        digitlib.PictureError
            If it cannot be read as a picture.
        """
        return self.read_prepared(prepare(picture))

    def read_prepared(self, prepared: Prepared) -> Reading:
        """Read a picture that `digitlib.prepare` has prepared."""
        return self.read_lines([prepared.lines])[0]

    def read_many(
        self, paths: Iterable[str | Path], workers: int = 1, progress: bool = False
    ) -> Iterator[Result]:
        """Yield the result of each picture, in order; memory does not grow with their number.

        Parameters
        ----------
        paths : iterable of str or Path
            Paths of this machine, or addresses such as ``s3://bucket/1.png`` that fsspec knows.
        workers : int
            Processes that read side by side. More than one needs a script that is guarded by
            ``if __name__ == "__main__":``, and pays from a few hundred pictures on.
        progress : bool
            Whether to show a bar on standard error.

        Examples
        --------
        >>> from digitlib.files import SAMPLES
        >>> for result in Recognizer().read_many([SAMPLES / "coloured.png", "none.png"]):
        ...     print(result.reading.text if result.reading else result.error)
        5
        There is no file none.png; check the path.
        """
        waiting = iter(paths)
        batches = iter(lambda: list(itertools.islice(waiting, BATCH)), [])
        read: Iterable[list[Result]] = map(self.read_batch, batches)
        if workers != 1:
            read = self._in_processes(batches, workers)
        results: Iterable[Result] = itertools.chain.from_iterable(read)
        if progress:
            from tqdm import tqdm

            total = len(paths) if isinstance(paths, Sized) else None
            results = tqdm(results, total=total, unit=" pictures", ncols=80, mininterval=0.5)
        yield from results

    def _in_processes(self, batches: Iterator[list], workers: int) -> Iterator[list[Result]]:
        """Yield the results of batches in order, never more than a few of them waiting."""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        context = get_context("spawn")  # a fork would copy LiteRT's locks in whatever state
        with ProcessPoolExecutor(workers, context) as pool:
            waiting: deque = deque()
            for batch in batches:
                waiting.append(pool.submit(_read_batch, self.model, batch))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def read_batch(self, paths: Iterable[str | Path]) -> list[Result]:
        """Return the result of each picture, with one call of the network for all."""
        opened = [_opened(path) for path in paths]
        start = time.perf_counter()
        readings = self.read_lines([lines for lines, _ in opened])
        share = (time.perf_counter() - start) / max(1, sum(not r.error for _, r in opened))
        return [
            r if r.error else replace(r, reading=reading, seconds=r.seconds + share)
            for (_, r), reading in zip(opened, readings, strict=True)
        ]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return each image's probabilities, (n, 10), or (n, 11) where the last is "no digit".

        `images` are (n, 28, 28) uint8, n > 0, white on black as `digitlib.prepare` makes them; what
        is doubtful is looked at again, altered a little.
        """
        return _expected(look_twice(self._network, images))

    def read_lines(self, pictures: list[list[Line[Glyph]]]) -> list[Reading]:
        """Return the reading of each picture's lines, with one call of the network for all."""
        glyphs = [glyph for lines in pictures for line in lines for glyph in line.glyphs.values()]
        if not glyphs:
            return [Reading("", NOTHING_FOUND, []) for _ in pictures]
        images = np.stack([glyph.image for glyph in glyphs])
        probs = iter(self.probabilities(images))
        return [
            _reading([(line, {span: next(probs) for span in line.glyphs}) for line in lines])
            for lines in pictures
        ]


def shared(model: str | Path | None = None) -> Recognizer:
    """Return a model's recognizer, made once for each thread: LiteRT serves one at a time."""
    return _of_thread(threading.get_ident(), model)


@functools.cache
def _of_thread(thread: int, model: str | Path | None) -> Recognizer:
    return Recognizer(model)


def read(picture: PictureLike) -> Reading:
    """Read the digits in a picture with the network that ships with digitlib.

    See `digitlib.reading.open_picture` for what may be given, and what is raised.

    Examples
    --------
    >>> import digitlib
    >>> from digitlib.files import SAMPLES
    >>> digitlib.read(SAMPLES / "several_digits.jpg").text
    '20619'
    """
    return shared().read(picture)


def _opened(path: str | Path) -> tuple[list[Line[Glyph]], Result]:
    """Return a picture's lines, and what is known of its result before they are read."""
    start, error = time.perf_counter(), None
    lines: list[Line[Glyph]] = []
    try:
        lines = prepare(open_source(path)).lines
    except PictureError as problem:
        error = problem
    except (ImportError, MemoryError):
        raise  # the machine's fault, not the picture's
    except Exception as problem:  # a fault of ours must not cost a million other pictures
        error = PictureError(f"Reading it failed: {type(problem).__name__}: {reason(problem)}.")
    return lines, Result(path, None, error, time.perf_counter() - start)


def _read_batch(model: Path, paths: list) -> list[Result]:
    return shared(model).read_batch(paths)


def _expected(probs: np.ndarray) -> np.ndarray:
    """Return probabilities for what people bring, where no-digits are rarer (Bayes' rule)."""
    if probs.shape[1] == 10:
        return probs
    weighted = probs * np.array([1.0] * 10 + [NO_DIGIT_ODDS], np.float32)
    return weighted / weighted.sum(axis=1, keepdims=True)


def _reading(lines: list[tuple[Line, dict]]) -> Reading:
    texts, digits, doubts, share = [], [], [NOTHING_FOUND], 0.0
    for line, probs in lines:
        kept = []
        for span in best_spans(line, probs):
            best = int(probs[span].argmax())
            if best == 10:
                doubts.append(float(probs[span][10]))
            else:
                glyph, p = line.glyphs[span], probs[span]
                kept.append(Digit(best, float(p[best]), p[:10], glyph.box, glyph.image))
                # A bar that runs off a photo is as likely a post, a trunk or a shadow as a one.
                share += 0.0 if best == 1 and glyph.runs_off else glyph.share
        if kept:
            texts.append("".join(str(digit.digit) for digit in kept))
            digits += kept
    right = [digit.confidence for digit in digits] or doubts
    if digits and (share < LEAST_SHARE or np.exp(np.mean(np.log(right))) < LEAST_TYPICAL):
        # Among much that is no digit, what looks like one is none either.
        return Reading("", 1 - float(np.prod(right)), [])
    return Reading("\n".join(texts), float(np.prod(right)), digits)


def best_spans(line: Line, probs: dict) -> list[tuple[int, int]]:
    """Return the spans that make the line most probable, left to right, by dynamic programming.

    A piece alone may be no digit, or too small for one, which costs LEFT_OUT; pieces joined, and
    slices of a piece cut apart, count only as digits, and a slice costs CUT.
    """
    whole = {s for s in line.glyphs if s not in line.cuts}
    best: list[tuple[float, list]] = [(0.0, [])]
    for stop in range(1, line.count + 1):
        options = []
        if stop - 1 in line.small:
            options.append((best[stop - 1][0] + LEFT_OUT, best[stop - 1][1]))
        for start, end in line.glyphs:
            if end != stop:
                continue
            p = probs[start, end]
            score = float(np.log(p[:10].max() + 1e-9))
            if (start, end) in line.cuts:
                score += CUT
            elif p.argmax() == 10 and not _is_joined(start, end, whole):
                score = float(np.log(p[10])) + LEFT_OUT
            options.append((best[start][0] + score, [*best[start][1], (start, end)]))
        best.append(max(options, default=(-np.inf, [])))  # no digits end here
    return best[-1][1]


def _is_joined(start: int, stop: int, whole: set) -> bool:
    """Whether a span is made of several pieces."""
    return any(start <= i and j <= stop and (i, j) != (start, stop) for i, j in whole)


def look_twice(network, images: np.ndarray) -> np.ndarray:
    """Return a network's probabilities, (n, 10 or 11), for (n, 28, 28) uint8 images.

    Where the largest is below DOUBT, the mean over ALTERATIONS of the image takes their place.
    """
    probs = network(images)
    doubtful = np.flatnonzero(probs.max(axis=1) < DOUBT)
    if len(doubtful) == 0:
        return probs
    total = FIRST_LOOK * probs[doubtful]
    for matrix in ALTERATIONS:
        altered = np.stack([_about_the_middle(image, matrix) for image in images[doubtful]])
        total = total + network(altered)
    probs = probs.copy()
    probs[doubtful] = total / (FIRST_LOOK + len(ALTERATIONS))
    return probs


def _about_the_middle(image: np.ndarray, matrix) -> np.ndarray:
    middle = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(image, matrix, middle - np.dot(matrix, middle), order=1)
