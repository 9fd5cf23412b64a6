"""Pictures that a person keeps with what they show: a folder with a labels.csv.

`digitlib evaluate --data FOLDER` and `benchmarks/reading.py --pictures FOLDER` score from it. A
folder of folders that are named by what their pictures show, such as ``my_digits/7/x.jpg``, will
do as well.
"""

import codecs
import contextlib
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from digitlib.errors import display_name, reason, say
from digitlib.files import whole_file
from digitlib.reading import find_pictures
from digitlib.reading.pictures import open_picture, suffix_of

FOLDER = Path("my_digits")
TABLE = "labels.csv"
COLUMNS = ("path", "text", "kind", "writer")
DELIMITERS = ",;\t"  # Excel writes semicolons where the comma is the decimal sign
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WAIT = 60  # seconds for another program to finish writing
MOST_NAMED = 5  # rows without a picture; of more, the number is enough


@dataclass
class Table:
    """A labels.csv: its header and rows as they are written, and how."""

    header: list[str] = field(default_factory=lambda: list(COLUMNS))
    rows: list[tuple[int, list[str]]] = field(default_factory=list)  # the line where each ends
    delimiter: str = ","
    encoding: str = "utf-8"

    def column(self, name: str) -> int:
        """Return where a column is, whatever its capitals; -1 if nowhere."""
        names = [cell.strip().lower() for cell in self.header]
        return names.index(name) if name in names else -1

    def cell(self, row: list[str], name: str) -> str:
        """Return what a row has in a column; "" where it is too short for it."""
        at = self.column(name)
        return row[at].strip() if 0 <= at < len(row) else ""


def keep(folder: str | Path, content: bytes, text: str, kind: str) -> Path:
    """Keep a picture and what it shows; the same picture again replaces its text.

    Several programs may do so at once. A labels.csv that a spreadsheet wrote stays as it is
    written, with its own columns.

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
        If the text is not made of digits, the content is no picture, or the labels.csv that is
        there cannot be read.
    OSError
        If the folder cannot be written to, or another program writes there for a minute.
    """
    text = text.strip()
    if not _is_digits(text):
        raise ValueError(f"{text!r} is not made of digits; type what it shows, such as 7 or 42.")
    open_picture(content)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(content).hexdigest()[:12]}{suffix_of(content)}"
    with _locked(folder):
        table = _read(folder / TABLE) or Table()
        table.header += [name for name in COLUMNS if table.column(name) < 0]
        row = [""] * len(table.header)
        for name, cell in {"path": path.name, "text": text, "kind": kind, "writer": "me"}.items():
            row[table.column(name)] = cell
        others = [other for _, other in table.rows if table.cell(other, "path") != path.name]
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
        _write(folder / TABLE, table, [*others, row])
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
    OSError
        If the folder cannot be written to, or another program writes there for a minute.
    """
    folder = Path(folder)
    with _locked(folder):
        table = _read(folder / TABLE) or Table()
        rows = [row for _, row in table.rows]
        named = [row for row in rows if table.cell(row, "path") == name]
        if not named or Path(name).name != name:
            said = f"There is no picture {display_name(name)} in {display_name(folder / TABLE)}."
            raise ValueError(said)
        if text is None:
            rows.remove(named[-1])
            (folder / name).unlink(missing_ok=True)
        else:
            named[-1][table.column("text")] = text
        _write(folder / TABLE, table, rows)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other programs from writing into a folder meanwhile."""
    import locket

    lock = locket.lock_file(str(folder / ".lock"), timeout=WAIT)
    try:
        lock.acquire()
    except locket.LockError:
        said = f"Another program has been writing into {display_name(folder)} for {WAIT} s"
        raise TimeoutError(f"{said}; try again.") from None
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, table: Table, rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=table.delimiter).writerows([table.header, *rows])
    with whole_file(path) as temporary:
        temporary.write_bytes(written.getvalue().encode(table.encoding))


def load(folder: str | Path) -> list[tuple[Path, str]]:
    """Return each picture's path and the digits it shows.

    They are what labels.csv says, and of pictures that it does not name, what the name of the
    folder says in which they lie. Rows without a picture are named on standard error.

    Raises
    ------
    ValueError
        If there are neither, or as `pictures_in` does.
    """
    if not (rows := pictures_in(folder)):
        raise ValueError(
            f"{display_name(folder)} has no {TABLE} with the columns path and text and with "
            "pictures, nor folders of pictures that are named by their digits, such as 7; keep "
            "some pictures first."
        )
    return rows


def pictures_in(folder: str | Path) -> list[tuple[Path, str]]:
    """Return what `load` does, or an empty list where there is nothing yet.

    Raises
    ------
    ValueError
        If labels.csv cannot be read, or says of a picture something else than digits.
    """
    folder = Path(folder)
    table = _read(folder / TABLE) or Table()
    texts: dict[Path, str] = {}
    without = []
    for line, row in table.rows:
        name = table.cell(row, "path")
        if name and (folder / name).is_file():
            text = table.cell(row, "text")
            if not _is_digits(text):
                where = f"{display_name(folder / TABLE)}, line {line}"
                raise ValueError(f"{where}: {text!r} is not made of digits, such as 7 or 42.")
            texts[folder / name] = text
        elif any(cell.strip() for cell in row):
            without.append(f"line {line} ({display_name(name) or 'no path'})")
    if without:
        more = f" and {len(without) - MOST_NAMED:,} more" if len(without) > MOST_NAMED else ""
        named = ", ".join(without[:MOST_NAMED]) + more
        say(f"{folder / TABLE} has rows without a picture, which do not count: {named}.")
    for path, text in _labelled_by_folder(folder):
        texts.setdefault(path, text)
    return list(texts.items())


def _is_digits(text: str) -> bool:
    """Whether a text is made of digits, in lines and groups, or of none at all."""
    joined = "".join(text.split())
    return not joined or (joined.isascii() and joined.isdigit())


def _labelled_by_folder(folder: Path) -> Iterator[tuple[Path, str]]:
    for inside in sorted(folder.iterdir()) if folder.is_dir() else ():
        if inside.is_dir() and inside.name.isascii() and inside.name.isdigit():
            found = map(Path, find_pictures(str(inside)))
            yield from ((path, inside.name) for path in found if path != inside)


def _read(path: Path) -> Table | None:
    """Return what is in a labels.csv, or None where there is none."""
    name = display_name(path)
    if not path.exists():
        return None
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{name} is not a file; move it away.")
    content = path.read_bytes()
    encoding = next((BOMS[bom] for bom in BOMS if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name}, line {line}: this is not UTF-8 text; save the file as CSV UTF-8."
        ) from None
    for delimiter in DELIMITERS:
        table = Table([], [], delimiter, encoding)
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            table.header = next(reader, [])
            if table.column("path") >= 0 and table.column("text") >= 0:
                table.rows = [(reader.line_num, row) for row in reader]
                return table
        except csv.Error as error:
            raise ValueError(f"{name}, line {reader.line_num}: {reason(error)}.") from None
    raise ValueError(
        f"{name}, line 1: there are no columns path and text; expected path,text and then a row a "
        "picture."
    )
