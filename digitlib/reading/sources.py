"""Pictures by address: files, folders and globs, here or wherever fsspec reaches (s3://, gs://)."""

import glob
import os
from collections.abc import Iterator

from digitlib.errors import PictureError, display_name, reason
from digitlib.reading.pictures import SUFFIXES, Picture, PictureLike, open_picture

MOST_BYTES = 250_000_000  # of a file that comes over a network: photos are far smaller


def find_pictures(given: str) -> Iterator[str]:
    """Yield what is meant: a file, the pictures below a folder, or those of a glob, in order.

    `given` is a path of this machine, or an address such as ``s3://bucket/folder`` for fsspec.
    Folders are gone through one at a time, so that memory does not grow with their number. A
    folder without pictures, and a glob that matches nothing, stand for themselves: opening them
    gives the sentence that says so.

    Raises
    ------
    OSError
        If a folder cannot be listed: its pictures are not passed over in silence.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> next(find_pictures(f"{SAMPLES}/*.jpg")).endswith(".jpg")
    True
    """
    found = _remote(given) if _is_address(given) else _local(given)
    yield next(found, given)
    yield from found


def open_source(given: PictureLike) -> Picture:
    """Open a picture by its address, or as `open_picture` does, whose errors these are."""
    if not isinstance(given, str) or not _is_address(given):
        return open_picture(given)
    import fsspec

    name = display_name(given)
    try:
        with fsspec.open(given, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except ImportError:
        raise  # what reaches such addresses is not installed: that is not the picture's fault
    except Exception as error:  # each kind of store raises its own
        raise PictureError(f"{name} cannot be opened: {reason(error)}.") from None
    if len(content) > MOST_BYTES:
        raise PictureError(f"{name} has more than 250 MB; make it smaller and try again.")
    return open_picture(content, name)


def _is_address(given: str) -> bool:
    return "://" in given


def _local(given: str) -> Iterator[str]:
    if os.path.isdir(given):
        for folder, folders, names in os.walk(given, onerror=_raise):
            folders.sort()
            yield from (os.path.join(folder, name) for name in filter(_is_picture, sorted(names)))
    elif not os.path.lexists(given) and glob.has_magic(given):
        matches = sorted(glob.iglob(given, recursive=True))
        yield from (path for path in matches if not os.path.isdir(path))


def _remote(given: str) -> Iterator[str]:
    import fsspec

    system, path = fsspec.core.url_to_fs(given)
    if glob.has_magic(path):
        yield from (system.unstrip_protocol(found) for found in sorted(system.glob(path)))
    elif system.isdir(path):
        for folder, folders, names in system.walk(path, on_error="raise"):
            folders.sort()
            for name in filter(_is_picture, sorted(names)):
                yield system.unstrip_protocol(f"{folder.rstrip('/')}/{name}")


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _raise(error: OSError) -> None:
    raise error
