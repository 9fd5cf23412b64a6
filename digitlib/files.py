"""Where the files that ship with digitlib lie, and small helpers that every room may use."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PRETRAINED = Path(__file__).parent / "pretrained"
SHIPPED_MODEL = PRETRAINED / "reader.tflite"
OUT_OF_FOLD = PRETRAINED / "out_of_fold.npz"  # data/make_out_of_fold.py
SAMPLES = Path(__file__).parent / "samples"  # data/make_samples.py

# The same digit has the same colour everywhere: P. Tol's "muted" scheme (SRON technical note
# 09-002, 2021), which colour-blind readers can tell apart, and a grey.
DIGIT_COLOURS = (
    "#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE",
    "#882255", "#44AA99", "#999933", "#AA4499", "#777777",
)  # fmt: skip


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder, and rename what was written there to `path`.

    So a file appears whole or not at all, whatever happens while it is written.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def quiet_native() -> Iterator[None]:
    """Discard what is written to file descriptor 2, where C++ libraries write past Python."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
