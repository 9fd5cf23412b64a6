"""One row a picture, whatever happens to it: what each worker of `digitlib.bulk` does."""

import functools
import threading
import time

import pyarrow as pa

from digitlib.errors import PictureError, reason
from digitlib.reading.imaging import prepare
from digitlib.reading.recognizer import BATCH, Reading, Recognizer
from digitlib.reading.sources import open_address

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("boxes", pa.list_(pa.list_(pa.int32()))),
        ("error", pa.string()),
        ("seconds", pa.float32()),
    ]
)


def read_chunk(paths: list[str], model: str | None = None) -> pa.Table:
    """Return a row for each picture, whatever happens to it; this is what workers do."""
    recognizer = _recognizer(model, threading.get_ident())
    rows = []
    for i in range(0, len(paths), BATCH):
        rows += _read_batch(recognizer, paths[i : i + BATCH])
    return pa.Table.from_pylist(rows, SCHEMA)


@functools.cache
def _recognizer(model: str | None, thread: int) -> Recognizer:
    """Return a thread's own: LiteRT serves one at a time."""
    return Recognizer(model)


def _read_batch(recognizer: Recognizer, paths: list[str]) -> list[dict]:
    rows, pictures = [], []
    for path in paths:
        start, error = time.perf_counter(), None
        try:
            pictures.append(prepare(open_address(path)).lines)
        except PictureError as problem:
            error = str(problem)
        except (ImportError, MemoryError):
            raise  # the worker's fault, not the picture's
        except Exception as problem:  # a fault of ours must not cost a million other pictures
            error = f"Reading it failed: {type(problem).__name__}: {reason(problem)}."
        rows.append({"path": shown(path), "error": error, "seconds": time.perf_counter() - start})
    start = time.perf_counter()
    readings = recognizer.read_lines(pictures)
    share = (time.perf_counter() - start) / max(1, len(pictures))
    read = [row for row in rows if row["error"] is None]
    for row, reading in zip(read, readings, strict=True):
        row |= _columns(reading) | {"seconds": row["seconds"] + share}
    return rows


def _columns(reading: Reading) -> dict:
    boxes = [list(digit.box) for digit in reading.digits]
    return {"text": reading.text, "confidence": reading.confidence, "boxes": boxes}


def shown(path: str) -> str:
    """Return a path as the output has it: bytes that are no text are escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
