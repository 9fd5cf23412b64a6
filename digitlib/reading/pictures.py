"""Any picture, opened: formats, limits, rotation and transparency, and nothing of digits."""

import contextlib
import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError, features

from digitlib.errors import PictureError, display_name, reason
from digitlib.files import no_warnings, quiet_native


class Format(NamedTuple):
    """A format: Pillow's name for it, the endings of file names, a pattern of the first bytes."""

    name: str
    suffixes: tuple[str, ...]
    start: bytes


FORMATS: tuple[Format, ...] = (
    Format("PNG", (".png",), rb"\x89PNG"),
    Format("JPEG", (".jpg", ".jpeg", ".jfif"), rb"\xff\xd8"),
    Format("WebP", (".webp",), rb"RIFF"),
    Format("GIF", (".gif",), rb"GIF8"),
    Format("BMP", (".bmp",), rb"BM"),
    Format("TIFF", (".tif", ".tiff"), rb"II[*+]\0|MM\0[*+]"),
)
# Some write the common brand first, and their own among those that it is compatible with.
AVIF = Format("AVIF", (".avif",), rb"(?s:....)ftyp(avi[fs]|m[is]f1(?s:....){1,5}avi[fs])")
if features.check("avif"):  # Pillow's wheels have it from 11.3 on
    FORMATS += (AVIF,)
HEIC = Format("HEIF", (".heic", ".heif"), rb"(?s:....)ftyp(hei[cxms]|hev[cxms]|mif1|msf1)")
SUFFIXES = tuple(suffix for format in (*FORMATS, AVIF, HEIC) for suffix in format.suffixes)
PictureLike = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | np.ndarray

MOST_BYTES = 250_000_000  # of a file: photos are far smaller
# Decoded, a picture takes 1 GB of memory at most; these decoders take 16 and 9 bytes for a pixel.
MOST_PIXELS = 120_000_000
MAX_PIXELS: dict[str | None, int] = {"WEBP": 60_000_000, "AVIF": 100_000_000}
MAX_SIDE = 65_535  # what a JPEG can have; each row costs memory, however short it is
DECODING = 4  # bytes of memory that every decoder takes for a pixel, at least
STRIP = 1_000_000  # pixels that are converted at a time
# Scans of a JPEG: cameras and programs make 1 to 20. Each takes 0.1 s for 100 million pixels.
MOST_SCANS, MOST_SCANNED = 100, 3_000_000_000
# The byte that says what a JPEG's next part is; none of those within a scan's data.
MARKER = re.compile(rb"(?s:\xff+([^\x00\x01\xff\xd0-\xd8]))")
# Longer side, in pixels, of what is worked on: a digit of a twentieth of a page still has 25 to 50.
WORKING_SIDE = 1000

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """Colours to work on, (height, width, 3) uint8, and the upright size (width, height) it had."""

    colours: np.ndarray
    size: tuple[int, int]


def open_picture(picture: PictureLike, name: str = "The file") -> Picture:
    """Open a picture, upright, without transparency, and small enough to work on.

    Parameters
    ----------
    picture : path, bytes, PIL.Image.Image or array
        A file (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, or HEIC with pillow-heif) of up to 250 MB,
        its bytes, an image, or an array (H, W), (H, W, 3) or (H, W, 4) of any numeric type. Of an
        animation the first frame counts. Arrays other than uint8 are scaled by their own finite
        range.
    name : str
        What to call bytes in an error's sentence.

    Raises
    ------
    PictureError
        If it is no such picture, is damaged, or takes too much memory or time to open: over 120
        million pixels (WebP 60, AVIF 100), over 65,535 a side, or a JPEG of over 100 scans.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> picture = open_picture(SAMPLES / "dark_on_light.png")
    >>> picture.size, picture.colours.shape
    ((240, 240), (240, 240, 3))
    """
    if isinstance(picture, np.ndarray):
        with _guarded("The array"):
            return _from_array(picture)
    if isinstance(picture, Image.Image):
        with _guarded("The image"):
            return _from_image(picture, "The image")
    if isinstance(picture, bytes | bytearray | memoryview):
        try:
            content = bytes(picture)  # of a memoryview with gaps, or backwards, too
        except ValueError as error:
            raise PictureError(f"{name} cannot be read: {reason(error)}; give its bytes.") from None
        if len(content) > MOST_BYTES:
            raise too_long(name)
        return _from_file(io.BytesIO(content), name)
    if isinstance(picture, str | os.PathLike):
        return _from_path(Path(picture))
    kind = type(picture).__name__
    raise PictureError(
        f"A {kind} is not a picture; give a path, bytes, a Pillow image or an array."
    )


def suffix_of(content: bytes) -> str:
    """Return what the name of a picture file with this content should end in, such as ".png"."""
    found = (format for format in FORMATS if re.match(format.start, content))
    return next(found, HEIC).suffixes[0]


def _from_path(path: Path) -> Picture:
    name = display_name(path)
    try:
        is_what = path.stat()
        if not stat.S_ISREG(is_what.st_mode):  # a pipe would be waited for
            kind = "not a regular file"
            if path.is_dir():
                next(path.iterdir(), None)  # raises what keeps its pictures from being listed
                kind = "a folder"
            raise PictureError(f"{name} is {kind}; give a picture file, or a folder of them.")
        if is_what.st_size > MOST_BYTES:
            raise too_long(name)
        with path.open("rb") as file:
            return _from_file(file, name)
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError(f"There is no file {name}; check the path.") from None
    except (OSError, ValueError) as error:
        raise PictureError(f"{name} cannot be opened: {reason(error)}.") from None


def _from_file(file: BinaryIO, name: str) -> Picture:
    start = file.read(32)
    file.seek(0)
    if not start:
        raise PictureError(f"{name} is empty; give a picture file.")
    formats: tuple[Format, ...] = FORMATS
    is_avif = bool(re.match(AVIF.start, start))
    if re.match(HEIC.start, start) and not is_avif:
        try:
            import pillow_heif
        except ImportError:
            raise PictureError(
                f"{name} is a HEIC photo; to read these, run: pip install pillow-heif."
            ) from None
        pillow_heif.register_heif_opener()
        formats = (HEIC,)
    if is_avif and AVIF not in FORMATS:
        raise PictureError(f"{name} is an AVIF picture; to read these, run: pip install -U pillow.")
    # libtiff tells of faults at once, past Python; they are said in the picture's own sentence.
    quiet = quiet_native() if start[:2] in (b"II", b"MM") else contextlib.nullcontext()
    with _guarded(name), quiet:
        with _memory_for(MAX_PIXELS["WEBP"] if start[:4] == b"RIFF" else 0):  # opened, it has all
            image = Image.open(file, formats=[format.name.upper() for format in formats])
        if image.format in ("JPEG", "MPO"):  # several JPEGs in a file, as some cameras write
            _check_scans(file, image.size, name)
        return _from_image(image, name, small=True)


def _check_scans(file: BinaryIO, size: tuple[int, int], name: str) -> None:
    """Refuse a JPEG that takes long to decode: its pixels are gone through once for each scan.

    What looks like a scan may be a thumbnail's, or lie in a film behind the end of the picture.
    """
    at = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(at)
    most = min(MOST_SCANS, MOST_SCANNED // (size[0] * size[1]))
    if content.count(b"\xff\xda") <= most:
        return
    scans, position = 0, 2
    while (marker := MARKER.search(content, position)) and marker[1] != b"\xd9":  # the end
        scans += marker[1] == b"\xda"
        if scans > most:
            raise PictureError(
                f"{name} is a JPEG of over {most} scans, which takes long to decode; save it anew."
            )
        position = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])


@contextlib.contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Turn whatever is raised into one sentence."""
    try:
        with no_warnings():  # Pillow warns of sizes that are checked here
            yield
    except PictureError:
        raise
    except UnidentifiedImageError:
        *most, last = (format.name for format in FORMATS)
        raise PictureError(
            f"{name} is not a picture that can be read; give a {', '.join(most)} or {last}."
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(name, MOST_PIXELS) from None
    except MemoryError as error:
        raise PictureError(
            f"There is not enough memory to open {name}; close other programs, or use fewer "
            "workers."
        ) from error
    # Damaged files make Pillow's decoders raise nearly anything; each is the same to the reader.
    except Exception as error:
        raise PictureError(f"{name} is damaged: {reason(error)}.") from None


def too_long(name: str) -> PictureError:
    """Return the error of a file that is not even opened."""
    return PictureError(f"{name} has more than 250 MB; make it smaller and try again.")


@contextlib.contextmanager
def _memory_for(pixels: int) -> Iterator[None]:
    """Raise a MemoryError where a decoder fails and there is no memory for so many pixels.

    Decoders that lack memory may call the picture broken.
    """
    try:
        yield
    except Exception:
        bytearray(DECODING * pixels)
        raise


def _check_size(size: tuple[int, int], name: str, format: str | None = None) -> None:
    most = MAX_PIXELS.get(format, MOST_PIXELS)
    if size[0] * size[1] > most:
        raise _too_large(name, most)
    if max(size) > MAX_SIDE:
        raise PictureError(
            f"{name} is {size[0]:,} x {size[1]:,} pixels; at most {MAX_SIDE:,} a side can be read."
        )
    if min(size) == 0:
        raise PictureError(f"{name} has no pixels; give a picture of at least 1 x 1.")


def _too_large(name: str, most: int) -> PictureError:
    said = f"{name} has more than {most // 1_000_000} million pixels"
    return PictureError(f"{said}; make it smaller and try again.")


def _from_image(image: Image.Image, name: str, small: bool = False) -> Picture:
    """Return an image upright and plain; `small` lets a JPEG decode at less than its size."""
    size = image.size
    _check_size(size, name, image.format)
    if small:
        shrink = max(1.0, 2 * max(size) / WORKING_SIDE)
        image.draft(None, (int(size[0] / shrink), int(size[1] / shrink)))
    with _memory_for(size[0] * size[1]):
        image.load()
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)  # lost with the next conversion
    image = _small(image)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
        size = size[::-1] if orientation >= 5 else size
    if image.mode == "RGBA":
        return Picture(_on_paper(np.asarray(image)), size)
    return Picture(np.asarray(image.convert("RGB")), size)


def _small(image: Image.Image) -> Image.Image:
    """Return an image as grey (L), RGB or RGBA, its longer side at most WORKING_SIDE.

    It is converted in strips: what is as large as the picture is held once.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        step = _step(image.size)
        rows = (image.crop((0, y, image.width, y + 1)) for y in range(0, image.height, step))
        image = Image.fromarray(_scaled(np.concatenate([np.asarray(r)[:, ::step] for r in rows])))
    factor = -(-max(image.size) // WORKING_SIDE)
    if factor == 1:
        return _plain_mode(image)
    height = factor * max(1, STRIP // (factor * image.width))
    small = None
    for top in range(0, image.height, height):
        box = (0, top, image.width, min(top + height, image.height))
        strip = _plain_mode(image.crop(box)).reduce(factor)
        small = small or Image.new(strip.mode, (strip.width, -(-image.height // factor)))
        small.paste(strip, (0, top // factor))
    assert small is not None  # an image has rows
    return small


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return an image as grey (L), RGB or RGBA."""
    if "transparency" in image.info or image.mode in ("PA", "LA", "La", "RGBa"):
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def _on_paper(colours: np.ndarray) -> np.ndarray:
    """Lay a picture with transparency (h, w, 4) on paper that its ink stands out from."""
    inked = colours[..., :3].astype(np.float32)
    alpha = colours[..., 3:].astype(np.float32) / 255
    weight = alpha.sum()
    if weight == 0:
        return np.full_like(colours[..., :3], 255)
    if weight > 0.7 * alpha.size:  # an opaque picture with clear corners: go on with its colour
        paper: np.ndarray | float = np.median(inked[alpha[..., 0] > 0.5], axis=0)
    else:
        paper = 255.0 if (inked * alpha).sum() / (3 * weight) < 128 else 0.0
    return (inked * alpha + paper * (1 - alpha) + 0.5).astype(np.uint8)


def _from_array(array: np.ndarray) -> Picture:
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (3, 4)):
        raise PictureError(
            f"An array of shape {shape} is not a picture; expected (H, W), (H, W, 3) or (H, W, 4)."
        )
    if 0 in shape:
        raise PictureError(f"An array of shape {shape} has no pixels; give at least 1 x 1.")
    _check_size((shape[1], shape[0]), "The array")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.iscomplexobj(array):
        raise PictureError(f"An array of {array.dtype} is not a picture; expected numbers.")
    if array.dtype == np.uint8:
        return _from_image(Image.fromarray(np.ascontiguousarray(array)), "The array")
    step = _step(shape[:2])
    array = array[::step, ::step]
    colours = _scaled(array[..., :3] if array.ndim == 3 else array)
    if array.ndim == 3 and shape[2] == 4:
        alpha = np.nan_to_num(array[..., 3].astype(np.float64))
        most = float(alpha.max())
        opaque = next((full for full in (1.0, 255.0) if most <= full), most)
        opacity = (np.clip(alpha / opaque, 0, 1) * 255).astype(np.uint8)
        colours = np.dstack([colours, opacity])
    picture = _from_image(Image.fromarray(colours), "The array")
    return Picture(picture.colours, (shape[1], shape[0]))


def _step(size: Sequence[int]) -> int:
    """Return of how many rows and columns one is enough; the picture is made small later anyway."""
    return max(1, max(size) // (2 * WORKING_SIDE))


def _scaled(array: np.ndarray) -> np.ndarray:
    """Return numbers of any range as uint8, their finite minimum 0 and maximum 255."""
    array = array.astype(np.float64)
    finite = array[np.isfinite(array)]
    if finite.size == 0 or finite.min() == finite.max():
        return np.zeros(array.shape, np.uint8)
    low, high = finite.min(), finite.max()
    array = np.nan_to_num(array, nan=np.median(finite), posinf=high, neginf=low)
    return ((array / 2 - low / 2) / (high / 2 - low / 2) * 255 + 0.5).astype(np.uint8)
