"""Pictures that a person keeps with what they show: a folder with a labels.csv.

`digitlib evaluate --data FOLDER` and `benchmarks/reading.py --pictures FOLDER` score from it.
"""

import csv
import hashlib
from pathlib import Path

from digitlib.files import whole_file
from digitlib.reading.pictures import open_picture, suffix_of

FOLDER = Path("my_digits")
TABLE = "labels.csv"
COLUMNS = ("path", "text", "kind", "writer")


def keep(folder: str | Path, content: bytes, text: str, kind: str) -> Path:
    """Keep a picture and what it shows; the same picture again replaces its text.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    content : bytes
        A picture file.
    text : str
        The digits it shows; "" if none.
    kind : str
        How it was made, such as "drawn" or "photo".

    Raises
    ------
    ValueError
        If the text is not made of digits, or the content is no picture.
    OSError
        If the folder cannot be written to.
    """
    text = text.strip()
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not made of digits; type what it shows, such as 7 or 42.")
    open_picture(content)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(content).hexdigest()[:12]}{suffix_of(content)}"
    rows = [row for row in _rows(folder) if row.get("path") != path.name]
    rows.append({"path": path.name, "text": text, "kind": kind, "writer": "me"})
    columns = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row if name)]))
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
    _write_rows(folder, columns, rows)
    return path


def forget(folder: str | Path, name: str, text: str | None = None) -> None:
    """Undo `keep`: give a picture the text again that it had before, or none, and let it go.

    Parameters
    ----------
    folder : str or Path
        Where it was kept.
    name : str
        The name of its file, as in labels.csv.
    text : str or None
        What it was kept as before; None if it was not kept before.

    Raises
    ------
    ValueError
        If labels.csv does not name it.
    """
    folder = Path(folder)
    rows = _rows(folder)
    named = [row for row in rows if row.get("path") == name]
    if not named or Path(name).name != name:
        raise ValueError(f"There is no picture {name} in {folder / TABLE}.")
    if text is None:
        rows.remove(named[-1])
        (folder / name).unlink(missing_ok=True)
    else:
        named[-1]["text"] = text
    _write_rows(folder, [*rows[0]] if rows else list(COLUMNS), rows)


def _write_rows(folder: Path, columns: list[str], rows: list[dict]) -> None:
    with (
        whole_file(folder / TABLE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def load(folder: str | Path) -> list[tuple[Path, str]]:
    """Return each picture's path and the digits it shows.

    Raises
    ------
    ValueError
        If the folder has no labels.csv with the columns path and text.
    """
    folder = Path(folder)
    rows = _rows(folder)
    if not rows or not {"path", "text"} <= rows[0].keys():
        raise ValueError(
            f"{folder} has no {TABLE} with the columns path and text; keep some pictures first."
        )
    return [(folder / row["path"], row["text"]) for row in rows]


def _rows(folder: Path) -> list[dict]:
    try:
        with (folder / TABLE).open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
