"""One row a picture, whatever happens to it: what each worker of `digitlib.bulk` does."""

import os
from pathlib import Path

import pyarrow as pa

from digitlib import __version__
from digitlib.reading.recognizer import Result, shared

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


def read_chunk(
    paths: list[str], model: str | None = None, folder: str = "", version: str = __version__
) -> pa.Table:
    """Return a row for each picture, whatever happens to it; this is what workers do.

    Relative paths mean the client's `folder`. A picture for which there was not enough memory has
    no row: it is read another time.

    Raises
    ------
    ValueError
        If the client has another version.
    """
    if version != __version__:
        raise ValueError(
            f"The workers have digitlib {__version__}, this is {version}; install one version "
            "everywhere."
        )
    located = [path if "://" in path else os.path.join(folder, path) for path in paths]
    results = zip(paths, shared(model).read_many(located), strict=True)
    rows = [_row(path, result) for path, result in results if not _lacked_memory(result)]
    return pa.Table.from_pylist(rows, SCHEMA)


def _lacked_memory(result: Result) -> bool:
    return result.error is not None and isinstance(result.error.__cause__, MemoryError)


def _row(path: str, result: Result) -> dict:
    row = {"path": shown(path), "seconds": result.seconds}
    if result.reading is None:
        return row | {"error": str(result.error)}
    reading = result.reading
    boxes = [list(digit.box) for digit in reading.digits]
    return row | {"text": reading.text, "confidence": reading.confidence, "boxes": boxes}


def shown(path: str | Path) -> str:
    r"""Return a path as the output has it: bytes that are no text are escaped.

    Where a backslash may be a part of a name, it is escaped too, so that no two names are alike.

    >>> shown("scan.png")
    'scan.png'
    """
    name = str(path) if os.sep == "\\" else str(path).replace("\\", r"\\")
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
