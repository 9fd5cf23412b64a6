"""Which numbers and rules of the reader matter: `python benchmarks/ablation.py [--count 30]`.

Each named number is changed by a third, down and up, and each rule switched off, one at a time, on
made-up pages of every kind and on the groups of the regression net. Both are made from MNIST's
training images with a seed of their own: nothing is chosen on test images. Numbers are found by
inspection, so that none can be forgotten; rules stand in RULES. What opens files (`pictures.py`)
and what reads drawings in the browser (`drawing.py`) is left out.
"""

import argparse
import ast
import contextlib
import functools
import inspect
import io
import math
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from PIL import Image
from tqdm import tqdm

from digitlib.datasets import load_digits
from digitlib.reading import confidence, glyphs, imaging, ink, paper, recognizer, writing
from digitlib.reading.pictures import Picture, open_picture
from digitlib.synthesis import pages as synthesis

SEED = 1607  # of pages and pictures that nothing else uses
CHUNK = 10  # pictures that one process reads with every change, before it takes the next ones
SURE = 0.9

MODULES = (paper, ink, writing, glyphs, imaging, recognizer, confidence)
# These say how pictures come in, how long to wait, and what the network takes and gives.
NOT_CHANGED = {"BATCH", "WAIT", "BATCH_OF_PROCESS", "SIDE", "NO_DIGIT"}
# A third more or less of these means something else than a third more or less of the number.
OTHERWISE: dict[str, Callable] = {
    "EXPLAINED": lambda share, by: min(1.0, share * by),  # of the best: no window has more
    "ALTERATIONS": lambda matrices, by: np.eye(2) + by * (np.array(matrices) - np.eye(2)),
}
# What takes the place of a rule that is switched off.
RULES: dict[ModuleType, dict[str, Callable]] = {
    paper: {"without_table": lambda colours: (colours, None)},
    ink: {
        "plain_paper": lambda colours: None,
        "_without_borders": lambda ink: ink,
        "_frame": lambda inked: None,
        "_slow": np.zeros_like,
        "_surface": lambda along: np.full_like(along, np.median(along)),  # one paper everywhere
        "_direction": lambda overview: np.full(3, -(3**-0.5), np.float32),  # dark on light
    },
    writing: {
        "writing": lambda ink, paper: ink,
        "_tilt": lambda ink: 0.0,
        "_frames": np.zeros_like,
        "_surrounded": np.zeros_like,  # open rings
        "_lines": lambda inked, ink, inside: np.zeros_like(inked),
        "_line": lambda labels, boxes, accepted, ink: accepted[labels] & (ink > 0),
        "_piece_of": lambda labels, pieces, count: np.zeros(count + 1, np.int64),  # no grids
        "_closed": lambda run, gap: run,
        "_typical_height": lambda rest: 0.0,
        "_uncrossed": lambda line, inked, both: line,
    },
    glyphs: {
        "_large": lambda pieces, share: pieces,
        "_merge_stacked": lambda pieces: pieces,
        "_slope": lambda boxes: 0.0,
        "_rows": lambda pieces: [sorted(pieces, key=lambda p: p[0][1].start)] if pieces else [],
        "cut_apart": lambda part: None,
        "_may_be_one": lambda boxes: False,
    },
    imaging: {
        "_large_enough": lambda ink: (ink, 0),
        "with_stroke_width": lambda ink, thinnest, widest: np.clip(ink, 0, 1),
    },
    recognizer: {
        "_slashes": lambda parts: set(),
        "look_twice": lambda network, images, first=None, worth=None: (
            network(images) if first is None else first
        ),
        "beliefs": lambda features: np.array([0.85, 0.1, 0.05]),  # always read, never sure
    },
}
# What is remembered by its content while a change lies elsewhere, and the modules that it rests on.
STAGES: tuple[tuple[ModuleType, str, set[ModuleType]], ...] = (
    (imaging, "without_table", {paper}),
    (ink, "_surface", {ink, paper}),
    (writing, "_lines", {writing}),
    (imaging, "find_ink", {ink}),
    (imaging, "written", {ink, writing, paper}),
    (imaging, "find_lines", {ink, writing, glyphs}),
    (imaging, "in_mnists_look", {ink, imaging}),
)


class Change(NamedTuple):
    """One number or rule of a module, what becomes of it, and its value then."""

    module: ModuleType
    name: str
    how: str
    value: Any

    @property
    def what(self) -> str:
        """The number's or rule's name with that of its module."""
        return f"{self.module.__name__.rpartition('.')[2]}.{self.name}"

    def __str__(self) -> str:
        return f"{self.what} {self.how}"


@functools.cache
def defined(module: ModuleType) -> list[str]:
    """Return the names that a module gives a value itself; those it imports are another's."""
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [n.id for one in targets for n in ast.walk(one) if isinstance(n, ast.Name)]
    return names


def is_number(value) -> bool:
    """Whether a value is a number, or holds nothing else."""
    if isinstance(value, tuple):
        return bool(value) and all(map(is_number, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def times(name: str, value, by: float):
    """Return a number times `by`; a whole one stays whole, and never the same."""
    if name in OTHERWISE:
        return OTHERWISE[name](value, by)
    if isinstance(value, tuple):
        return tuple(times("", one, by) for one in value)
    if isinstance(value, int):
        return math.floor(value * by) if by < 1 else math.ceil(value * by)
    return value * by


def all_changes(only: list[str] | None = None) -> list[Change]:
    """Return every change, or those of the names in `only`."""
    changes = []
    for module in MODULES:
        for name in defined(module):
            value = getattr(module, name)
            if name.isupper() and is_number(value) and name not in NOT_CHANGED:
                changes.append(Change(module, name, "- 1/3", times(name, value, 2 / 3)))
                changes.append(Change(module, name, "+ 1/3", times(name, value, 4 / 3)))
        changes += [Change(module, name, "off", f) for name, f in RULES.get(module, {}).items()]
    return [change for change in changes if not only or change.name in only]


@contextlib.contextmanager
def changed(module: ModuleType, name: str, value) -> Iterator[None]:
    """Have a name of a module mean something else, there and where it was imported."""
    before = getattr(module, name)
    with contextlib.ExitStack() as stack:
        for holder in MODULES:
            copied = name not in defined(holder) and vars(holder).get(name) is before
            if holder is module or copied:
                stack.enter_context(mock.patch.object(holder, name, value))
        yield


def remembering(function: Callable) -> Callable:
    """Return a function of arrays that computes nothing twice."""
    known: dict = {}

    def remembered(*arrays):
        given = [a for a in arrays if a is not None]
        key = tuple(hash((a.shape, a.dtype.str, a.tobytes())) for a in given)
        if key not in known:
            known[key] = function(*arrays)
        return known[key].copy() if isinstance(known[key], np.ndarray) else known[key]

    return remembered


def remembering_network(network: Callable) -> Callable:
    """Return a network that looks at each image once."""
    known: dict[bytes, np.ndarray] = {}

    def remembered(images):
        keys = [image.tobytes() for image in images]
        if new := {key: image for key, image in zip(keys, images, strict=True) if key not in known}:
            known.update(zip(new, network(np.stack(list(new.values()))), strict=True))
        return np.stack([known[key] for key in keys])

    return remembered


def judge(pictures: list[tuple[bytes, str]], changes: list[Change]) -> np.ndarray:
    """Return whether each picture is read right, and whether the reader is sure: (1 + n, m, 2).

    The first row is the reader as it is; each of the n others has one change.
    """
    opened = [open_picture(file) for file, _ in pictures]
    texts = [text.replace("\n", "") for _, text in pictures]
    load = recognizer.load_network
    with mock.patch.object(recognizer, "load_network", lambda p: remembering_network(load(p))):
        reader = recognizer.Recognizer()
    stages = [(*stage, remembering(getattr(*stage[:2]))) for stage in STAGES]

    def read(module: ModuleType | None) -> list[tuple[bool, bool]]:
        with contextlib.ExitStack() as stack:
            for holder, name, rests_on, remembered in stages:
                if module not in rests_on:
                    stack.enter_context(mock.patch.object(holder, name, remembered))
            return [judged(reader, one, text) for one, text in zip(opened, texts, strict=True)]

    found = [read(None)]
    for change in changes:
        with changed(change.module, change.name, change.value):
            found.append(read(change.module))
    return np.array(found)


def judged(reader: recognizer.Recognizer, picture: Picture, text: str) -> tuple[bool, bool]:
    """Return whether a picture is read right, line breaks aside, and whether the reader is sure."""
    reading = reader.read(picture)
    return reading.text.replace("\n", "") == text, reading.confidence >= SURE


def hard_pictures(count: int) -> dict[str, list[tuple[bytes, str]]]:
    """Return so many pages of each kind, and the regression net's groups: files and texts.

    None of these is tilted, a fraction, or a slip of paper on a table, so there are pages of such
    kinds too, made as those are that confidence is fitted to.
    """
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
    from made_pictures import made_pictures
    from pages import KINDS, made_pages

    mnist = load_digits("mnist")
    digits = mnist.train_images, mnist.train_labels
    pages = {kind: made_pages(*digits, kind, count, SEED) for kind in KINDS}
    return pages | other_pages(*digits, count) | made_pictures(*digits, SEED)


def other_pages(images: np.ndarray, labels: np.ndarray, count: int) -> dict:
    """Return so many fractions, tilted pages of one row and of three, and slips on a table."""
    rng = np.random.default_rng([SEED, 1])
    kinds: dict[str, list] = {"fractions": [], "tilted": [], "rows": [], "slips": []}

    def row() -> tuple[np.ndarray, np.ndarray]:
        chosen = rng.integers(len(images), size=rng.integers(1, 5))
        return chosen, synthesis.row_of(synthesis.by_one_pen(images[chosen], rng), rng)

    for kind, made in kinds.items():
        for _ in range(count):
            rows = [row() for _ in range(3 if kind == "rows" else 1)]
            if kind == "fractions":
                rows = [synthesis.raised(images, rng)]
            ink = synthesis.below_each_other([ink for _, ink in rows], rng)
            with mock.patch.object(synthesis, "TILTED", kind != "fractions"):
                page = synthesis.on_paper(ink, rng)
            if kind == "slips":
                page = synthesis.on_a_table(page, rng)
            file = io.BytesIO()
            Image.fromarray(page).save(file, "PNG")
            text = "".join(str(labels[i]) for chosen, _ in rows for i in chosen)
            made.append((file.getvalue(), text))
    return kinds


def judge_chunk(pictures: list[tuple[bytes, str]], only: list[str] | None) -> np.ndarray:
    """Return what `judge` does; a process makes its own list of changes."""
    return judge(pictures, all_changes(only))


def print_table(found: np.ndarray, kinds: list[str], changes: list[Change]) -> None:
    """Print a row for each change that moves a picture, what matters most first, and the others."""
    right, sure = found[..., 0], found[..., 1]
    wrong_sure, right_sure = (~right & sure).sum(axis=1), (right & sure).sum(axis=1)
    print(f"{len(kinds):,} pictures. As it is {right[0].sum():,} are right; at least 90 % sure are")
    print(f"{wrong_sure[0]} wrong ones and {right_sure[0]:,} right ones. With each change:\n")
    print(f"{'':<32}  right        became       sure and        became wrong,")
    print(f"{'change':<32}         more  wrong right  wrong right     most of all of")
    rows, moved = [], (found[1:] != found[0]).any(axis=(1, 2))
    for i in np.flatnonzero(moved) + 1:
        lost, won = right[0] & ~right[i], right[i] & ~right[0]
        more, surer = won.sum() - lost.sum(), wrong_sure[i] - wrong_sure[0]
        less = right_sure[i] - right_sure[0]
        hurt = Counter(kind for kind, is_lost in zip(kinds, lost, strict=True) if is_lost)
        row = f"{changes[i - 1]!s:<32} {right[i].sum():>6,} {more:>+5} {lost.sum():>6} "
        row += f"{won.sum():>5} {surer:>+6} {less:>+5}     "
        row += "".join(f"{kind} {n}" for kind, n in hurt.most_common(1))
        rows.append((-abs(more), -abs(surer), -abs(less), row.rstrip()))
    print(*(row for *_, row in sorted(rows)), sep="\n")
    moving = {change.what for change, m in zip(changes, moved, strict=True) if m}
    still = sorted({change.what for change in changes} - moving)
    print(
        f"\n{(~moved).sum()} of {len(changes)} changes move no picture. Numbers and rules that do"
    )
    print(f"nothing either way, {len(still)}: {', '.join(still)}")


def main() -> None:
    """Read all pictures with all changes, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=30, help="pages a kind")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="numbers and rules, such as CUT")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    changes = all_changes(options.only)
    pictures = hard_pictures(options.count)
    chunks, kinds = [], []
    for kind, group in pictures.items():
        chunks += [group[i : i + CHUNK] for i in range(0, len(group), CHUNK)]
        kinds += [kind] * len(group)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        work = pool.imap(functools.partial(judge_chunk, only=options.only), chunks)
        found = list(tqdm(work, total=len(chunks), ncols=80))
    print_table(np.concatenate(found, axis=1), kinds, changes)


if __name__ == "__main__":
    main()
