"""One row a picture, whatever happens to it: what each worker of `digitlib.bulk` does."""

from pathlib import Path

import pyarrow as pa

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


def read_chunk(paths: list[str], model: str | None = None) -> pa.Table:
    """Return a row for each picture, whatever happens to it; this is what workers do."""
    results = shared(model).read_many(paths)
    return pa.Table.from_pylist([_row(result) for result in results], SCHEMA)


def _row(result: Result) -> dict:
    row = {"path": shown(result.path), "seconds": result.seconds}
    if result.reading is None:
        return row | {"error": str(result.error)}
    reading = result.reading
    boxes = [list(digit.box) for digit in reading.digits]
    return row | {"text": reading.text, "confidence": reading.confidence, "boxes": boxes}


def shown(path: str | Path) -> str:
    """Return a path as the output has it: bytes that are no text are escaped."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
