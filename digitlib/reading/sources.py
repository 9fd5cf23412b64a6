"""Pictures by address: files, folders and globs, here or wherever fsspec reaches (s3://, gs://)."""

import glob
import os
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from urllib.parse import urlsplit
from urllib.request import url2pathname

from digitlib.errors import PictureError, display_name, reason
from digitlib.reading.pictures import (
    MOST_BYTES,
    SUFFIXES,
    Picture,
    PictureLike,
    open_picture,
    too_long,
)

# What fsspec needs beside itself for an address; it names what it lacks for others.
LIBRARIES = {"http": "aiohttp requests", "https": "aiohttp requests", "s3": "s3fs", "gs": "gcsfs"}


def find_pictures(given: str | os.PathLike[str]) -> Iterator[str]:
    """Yield what is meant: a file, the pictures below a folder, or those of a glob, in order.

    `given` is a path of this machine, or an address such as ``s3://bucket/folder`` for fsspec.
    Folders are gone through one at a time, so that memory does not grow with their number. A
    folder without pictures, a folder that may not be listed, and a glob that matches nothing stand
    for themselves: opening them gives the sentence that says so.

    Raises
    ------
    OSError
        If what is at an address cannot be listed.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> next(find_pictures(f"{SAMPLES}/*.jpg")).endswith(".jpg")
    True
    """
    given = _local_path(os.fspath(given))
    found = _remote(given) if _is_address(given) else _local(given)
    yield next(found, given)
    yield from found


def open_source(given: PictureLike) -> Picture:
    """Open a picture by its address, or as `open_picture` does, whose errors these are."""
    if isinstance(given, str):
        given = _local_path(given)
    if not isinstance(given, str) or not _is_address(given):
        return open_picture(given)
    name = display_name(given)
    try:
        with _fsspec(given).open(given, "rb") as file:
            if (getattr(file, "size", None) or 0) > MOST_BYTES:
                raise too_long(name)
            content = file.read(MOST_BYTES + 1)
    except (ImportError, PictureError):
        raise  # what reaches such addresses is not installed: that is not the picture's fault
    except Exception as error:  # each kind of store raises its own
        raise PictureError(f"{name} cannot be opened: {reason(error)}.") from None
    if len(content) > MOST_BYTES:
        raise too_long(name)
    return open_picture(content, name)


def _is_address(given: str) -> bool:
    return "://" in given


def _local_path(given: str) -> str:
    """Return a path of this machine in place of a file:// address."""
    return url2pathname(urlsplit(given).path) if given.startswith("file://") else given


def _fsspec(given: str) -> ModuleType:
    """Return fsspec, once it is known to have what reaches an address."""
    kind = given.partition("://")[0]
    packages = LIBRARIES.get(kind, "")
    try:
        import fsspec

        if kind in fsspec.available_protocols():
            fsspec.get_filesystem_class(kind)
    except ImportError as error:
        said = f"{display_name(given)} cannot be reached: {reason(error)}"
        raise ImportError(f"{said}; run: pip install {f'fsspec {packages}'.strip()}") from None
    return fsspec


def _local(given: str) -> Iterator[str]:
    closed: list[str] = []  # folders that may not be listed

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            closed.append(error.filename)

    if os.path.isdir(given):
        for folder, folders, names in os.walk(given, onerror=note):
            folders.sort()
            yield from (os.path.join(folder, name) for name in filter(_is_picture, sorted(names)))
    elif not os.path.lexists(given) and glob.has_magic(given):
        matches = sorted(set(_matches(given, note)))
        yield from (path for path in matches if not os.path.isdir(path))
    yield from dict.fromkeys(closed)


def _matches(pattern: str, note: Callable[[OSError], None]) -> Iterator[str]:
    """Expand a pattern; `**` goes into no linked folder, as two links can lead in endless circles.

    `glob` follows them, 40 deep, in every order.
    """
    if not (deep := re.match(r"(|.*?/)\*\*(?:/+(.*)|)$", pattern.replace(os.sep, "/"), re.DOTALL)):
        yield from glob.iglob(pattern)
        return
    start, rest = deep[1], deep[2] or "*"
    for root in glob.glob(start) if glob.has_magic(start) else [start]:
        tree = os.walk(root or os.curdir, onerror=note)
        for folder, folders, _ in tree:
            folders[:] = [name for name in folders if not name.startswith(".")]
            shown = os.path.relpath(folder) if root == "" else folder
            inside = "" if shown == os.curdir else shown
            yield from _matches(os.path.join(glob.escape(inside), rest), note)


def _remote(given: str) -> Iterator[str]:
    fsspec = _fsspec(given)
    try:
        system, path = fsspec.core.url_to_fs(given)
        if glob.has_magic(path):
            yield from (system.unstrip_protocol(found) for found in sorted(system.glob(path)))
        elif system.isdir(path):
            for folder, folders, names in system.walk(path, on_error="raise"):
                folders.sort()
                for name in filter(_is_picture, sorted(names)):
                    yield system.unstrip_protocol(f"{folder.rstrip('/')}/{name}")
    except Exception as error:  # each kind of store raises its own
        raise OSError(f"{display_name(given)} cannot be listed: {reason(error)}.") from None


def _is_picture(name: str) -> bool:
    """Whether a file in a folder is meant; "._x.jpg" is what macOS notes beside x.jpg elsewhere."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith("._")
