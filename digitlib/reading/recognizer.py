"""Picture in, reading out: `Recognizer().read("photo.jpg").text`. Needs no TensorFlow."""

import functools
import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from digitlib.errors import PictureError, display_name, reason
from digitlib.files import SHIPPED_MODEL, children_deaf_to_control_c
from digitlib.models.loading import Network, load_network
from digitlib.reading.confidence import CLEAR, CLIP, beliefs, log_odds
from digitlib.reading.glyphs import Line
from digitlib.reading.imaging import Glyph, Prepared, prepare
from digitlib.reading.pictures import PictureLike
from digitlib.reading.sources import open_source

NO_DIGIT = 10  # the eleventh class
BATCH = 64
# What another process is waited for, and so many pictures that it needs no longer: 5 s each.
WAIT, BATCH_OF_PROCESS = 60, 12
# How much rarer no-digits are among what people bring than among what the reader learnt from; and
# what it costs to believe that a piece is two digits that touch. Varied in benchmarks/README.md.
NO_DIGIT_ODDS, CUT = 0.2, np.log(0.9)
LEFT_OUT = np.log(0.2)  # what it costs to leave ink out that might be part of a digit

# Height of a fraction's slash by the taller of its neighbours. Of 56 ones in made-up numbers none
# had more than 1.4, and of 61 slashes that were read as ones most had more than 1.68.
SLASH = 1.6
# What it is worth to give a text where there might be none, by being right about none: one that is
# right, less what an invented one costs; and one that is not all right. In benchmarks/README.md.
INVENTED, PARTLY = 0.8, 0.03
DOUBT = 0.95  # less than this is looked at again
FIRST_LOOK = 2  # how much the image itself counts among the altered ones
# Rows of 2 x 2 matrices: slanted, turned, narrower, wider, shorter, taller, smaller.
ALTERATIONS = (
    ((1, 0.12), (0, 1)), ((1, -0.12), (0, 1)), ((1, 0), (0.12, 1)), ((1, 0), (-0.12, 1)),
    ((1.1, 0), (0, 1)), ((0.92, 0), (0, 1)), ((1, 0), (0, 1.1)), ((1.05, 0), (0, 1.05)),
)  # fmt: skip


# What the network says of glyphs, (11,) each, and the slices of those that were cut.
Said = dict[Any, np.ndarray]
Cuts = dict[Any, Line]


class Chosen(NamedTuple):
    """A glyph of a reading: its name, NO_DIGIT for none, and whether it is a slice."""

    glyph: Any
    name: int
    cut: bool


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    `probabilities` is (10,), `confidence` the largest of them; `box` is (left, top, right,
    bottom), half-open, in pixels of the upright picture; `image` is the (28, 28) uint8 that the
    network saw. The two arrays do not count where digits are compared.
    """

    digit: int
    confidence: float
    probabilities: np.ndarray = field(compare=False)
    box: tuple[int, int, int, int]
    image: np.ndarray = field(compare=False)


@dataclass(frozen=True)
class Reading:
    r"""What a picture says: its lines joined by "\n", or "" where there is no digit.

    `confidence` is the probability that `text` is right, or, where it is empty, that there is no
    digit, as `digitlib.reading.confidence` estimates it.
    """

    text: str
    confidence: float
    digits: list[Digit] = field(hash=False)


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
    """Reads digits with a saved network (`digitlib.load_network`), or with the shipped one.

    Threads may share one: they prepare their pictures side by side, and the network takes turns.
    """

    def __init__(self, model: str | Path | None = None):
        self.model = Path(SHIPPED_MODEL if model is None else model)
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

        Raises
        ------
        TypeError
            If `paths` is a single one.
        ChildProcessError
            If one of several processes is ended, as by the system where memory is short.

        Examples
        --------
        >>> from digitlib.files import SAMPLES
        >>> for result in Recognizer().read_many([SAMPLES / "coloured.png", "none.png"]):
        ...     print(result.reading.text if result.reading else result.error)
        5
        There is no file none.png; check the path.
        """
        if isinstance(paths, str | Path):  # whose letters would be paths
            raise TypeError(f"{display_name(paths)} is one path; give a list of them.")
        waiting = iter(paths)
        size = BATCH if workers == 1 else BATCH_OF_PROCESS
        batches = iter(lambda: list(itertools.islice(waiting, size)), [])
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
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import get_context

        context = get_context("spawn")  # a fork would copy LiteRT's locks in whatever state
        with ProcessPoolExecutor(workers, context) as pool:
            waiting: deque = deque()
            try:
                for batch in batches:
                    with children_deaf_to_control_c():  # a process is started with the first ones
                        waiting.append(pool.submit(_read_batch, self.model, batch))
                    if len(waiting) > 2 * workers:
                        yield waiting.popleft().result(WAIT)
                while waiting:
                    yield waiting.popleft().result(WAIT)
            except BaseException as error:  # Control-C, too
                for process in list(pool._processes.values()):  # from 3.14: pool.kill_workers()
                    process.kill()
                if not isinstance(error, BrokenProcessPool | TimeoutError):
                    raise
                raise ChildProcessError(
                    f"A process that reads pictures was ended, or said nothing for {WAIT} s; "
                    "digitlib predict --output reads on without it."
                ) from None

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
        return expected(look_twice(self._network, images))

    def read_lines(self, pictures: list[list[Line[Glyph]]]) -> list[Reading]:
        """Return the reading of each picture's lines, with two calls of the network for all."""
        said, cuts = self.believe([line for lines in pictures for line in lines])
        return [reading_of(candidate(lines, said, cuts)) for lines in pictures]

    def believe(self, lines: list[Line[Glyph]]) -> tuple[Said, Cuts]:
        """Return what the network says of each glyph, and the slices of those that it doubts."""
        glyphs = [glyph for line in lines for glyph in line.glyphs.values()]
        alone = {glyph for line in lines for glyph in line.pieces}
        if not glyphs:
            return {}, {}
        images = [glyph.image for glyph in glyphs]
        probs = self._network(np.stack(images))
        cuts = {
            glyph: glyph.slices
            for glyph, p in zip(glyphs, probs, strict=True)
            if glyph in alone and p[:10].max() < DOUBT and glyph.slices
        }
        slices = [glyph for line in cuts.values() for glyph in line.glyphs.values()]
        if slices:
            images += [glyph.image for glyph in slices]
            probs = np.concatenate([probs, self._network(np.stack(images[len(glyphs) :]))])
        said = dict(zip(glyphs + slices, expected(probs), strict=True))
        chosen = {
            part.glyph
            for line in lines
            for _, parts in best_readings(line, said, cuts)
            for part in parts
        }
        worth = np.array([True] * len(glyphs) + [glyph in chosen for glyph in slices])
        probs = expected(look_twice(self._network, np.stack(images), probs, worth))
        return dict(zip(glyphs + slices, probs, strict=True)), cuts


@functools.cache
def shared(model: str | Path | None = None) -> Recognizer:
    """Return a model's recognizer, and the same one the next time."""
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
    except ImportError:
        raise  # the machine's fault, not the picture's
    except MemoryError as problem:
        error = PictureError(f"There is not enough memory to read {display_name(path)}.")
        error.__cause__ = problem
    except Exception as problem:  # a fault of ours must not cost a million other pictures
        what = f"{type(problem).__name__}: {reason(problem)}"
        error = PictureError(f"Reading {display_name(path)} failed: {what}.")
    return lines, Result(path, None, error, time.perf_counter() - start)


def _read_batch(model: Path, paths: list) -> list[Result]:
    return shared(model).read_batch(paths)


def expected(probs: np.ndarray) -> np.ndarray:
    """Return probabilities for what people bring, where no-digits are rarer (Bayes' rule)."""
    if probs.shape[1] == 10:
        return probs
    weighted = probs * np.array([1.0] * 10 + [NO_DIGIT_ODDS], np.float32)
    return weighted / weighted.sum(axis=1, keepdims=True)


def reading_of(found: "Candidate") -> Reading:
    """Return the candidate as a reading, or an empty one where that is more probable."""
    as_read, nothing, other = beliefs(features(found))
    if not found.lines or nothing >= INVENTED * as_read + PARTLY * other:
        return Reading("", float(nothing), [])
    text = "\n".join("".join(str(digit.digit) for digit in line) for line in found.lines)
    return Reading(text, float(as_read), [digit for line in found.lines for digit in line])


@dataclass(frozen=True, eq=False)
class Candidate:
    """What a picture may say: digits in lines, and what its confidence depends on.

    `refused` holds the probabilities (11,) of pieces that are no digit; `glyphs` are those of both.
    """

    lines: list[list[Digit]]
    glyphs: list[Glyph]
    refused: list[np.ndarray]
    cuts: int
    bars: int
    share: float


def candidate(lines: list[Line[Glyph]], said: Said, cuts: Cuts) -> Candidate:
    """Return the best reading of a picture's lines, whatever it is worth."""
    digits, glyphs, refused = [], [], []
    cut, bars, share = 0, 0, 0.0
    for line in lines:
        _, parts = best_readings(line, said, cuts)[0]
        kept, slashes = [], _slashes(parts)
        for glyph, name, is_slice in parts:
            if glyph in slashes:
                share += glyph.share
                continue
            p = said[glyph]
            glyphs.append(glyph)
            if name == NO_DIGIT:
                refused.append(p)
                continue
            kept.append(Digit(name, float(p[name]), p[:10], glyph.box, glyph.image))
            cut += is_slice
            # A bar that runs off a photo is as likely a post, a trunk or a shadow as a one.
            bar = name == 1 and glyph.runs_off
            bars += bar
            share += 0.0 if bar else glyph.share
        if kept:
            digits.append(kept)
    return Candidate(digits, glyphs, refused, cut, bars, share)


def _slashes(parts: list[Chosen]) -> set:
    """Return the glyphs of bars that are no ones: far taller than the digits on either side."""
    digits = [part for part in parts if part.name != NO_DIGIT]
    return {
        bar.glyph
        for left, bar, right in zip(digits, digits[1:], digits[2:], strict=False)
        if bar.name == 1 and bar.glyph.size > SLASH * max(left.glyph.size, right.glyph.size)
    }


def features(found: Candidate) -> list[float]:
    """Return what `digitlib.reading.confidence.FEATURES` names."""
    digits = [digit for line in found.lines for digit in line]
    sure = [digit.confidence for digit in digits]
    heights = [digit.box[3] - digit.box[1] for digit in digits]
    count = max(1, len(digits))
    return [
        float(not digits),
        float(not found.glyphs),
        log_odds(float(np.prod(sure))) if digits else 0.0,
        log_odds(min(sure)) if digits else 0.0,
        float(np.log1p(len(digits))),
        found.cuts / count,
        float(np.log1p(found.cuts)),
        float(found.cuts > 0 and all(digit.digit == 1 for digit in digits)),
        float(np.log1p(len(found.refused))),
        log_odds(max(float(p[:10].max()) for p in found.refused)) if found.refused else -CLIP,
        1 - min(found.share, 1.0),
        found.bars / count,
        float(np.std(np.log(heights))) if digits else 0.0,
        min(found.glyphs[0].sheet.contrast, CLEAR) if found.glyphs else 0.0,
    ]


def best_readings(line: Line, said: Said, cuts: Cuts) -> list[tuple[float, list[Chosen]]]:
    """Return the two most probable readings of a line, by dynamic programming.

    Each is a score and its glyphs, left to right; the two differ in their digits. A piece alone may
    be no digit, or too small for one, which costs LEFT_OUT; pieces joined, and slices of a piece
    cut apart, count only as digits, and to cut a piece costs CUT.
    """
    best: list[dict[str, tuple[float, list[Chosen]]]] = [{"": (0.0, [])}]
    for stop in range(1, line.count + 1):
        options: dict[str, tuple[float, list[Chosen]]] = {}
        for start, name, cost, parts in _steps(line, stop, said, cuts):
            for text, (score, before) in best[start].items():
                if score + cost > options.get(text + name, (-np.inf, []))[0]:
                    options[text + name] = score + cost, before + parts
        ranked = sorted(options.items(), key=lambda option: -option[1][0])
        best.append(dict(ranked[:2]))
    return list(best[-1].values())


def _steps(line: Line, stop: int, said: Said, cuts: Cuts) -> Iterator[tuple]:
    """Yield what may end at a place of a line: where it starts, its text, score and glyphs."""
    if stop - 1 in line.small:
        yield stop - 1, "", LEFT_OUT, []
    for (start, end), glyph in line.glyphs.items():
        if end != stop:
            continue
        p = said[glyph]
        digit = int(p[:10].argmax())
        if stop - start == 1 and not line.slices and p.argmax() == NO_DIGIT:
            yield start, "", np.log(p[NO_DIGIT]) + LEFT_OUT, [Chosen(glyph, NO_DIGIT, False)]
        else:
            part = Chosen(glyph, digit, line.slices)
            yield start, str(digit), np.log(p[digit] + 1e-9), [part]
        if glyph in cuts:
            for score, parts in best_readings(cuts[glyph], said, cuts):
                yield start, "".join(str(part.name) for part in parts), score + CUT, parts


def look_twice(
    network: Network,
    images: np.ndarray,
    first: np.ndarray | None = None,
    worth: np.ndarray | None = None,
) -> np.ndarray:
    """Return better probabilities than a network's own, (n, 10 or 11), for (n, 28, 28) images.

    Where the largest is below DOUBT, the mean over ALTERATIONS of the image takes their place
    (test-time augmentation).
    `first` are the network's own, where they are known; `worth`, (n,) bool, is where it is tried.
    """
    probs = network(images) if first is None else first
    doubtful = np.flatnonzero((probs.max(axis=1) < DOUBT) & (True if worth is None else worth))
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
