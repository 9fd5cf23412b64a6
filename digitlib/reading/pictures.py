"""Any picture, opened: formats, limits, rotation and transparency, and nothing of digits."""

import contextlib
import io
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from digitlib.errors import PictureError, display_name, reason
from digitlib.files import no_warnings


class Format(NamedTuple):
    """A format: Pillow's name for it, the endings of file names, a pattern of the first bytes."""

    name: str
    suffixes: tuple[str, ...]
    start: bytes


FORMATS = (
    Format("PNG", (".png",), rb"\x89PNG"),
    Format("JPEG", (".jpg", ".jpeg"), rb"\xff\xd8"),
    Format("WebP", (".webp",), rb"RIFF"),
    Format("GIF", (".gif",), rb"GIF8"),
    Format("BMP", (".bmp",), rb"BM"),
    Format("TIFF", (".tif", ".tiff"), rb"II[*+]\0|MM\0[*+]"),
)
HEIC = Format("HEIF", (".heic", ".heif"), rb"(?s:....)ftyp(heic|heix|mif1|hevc|msf1)")
SUFFIXES = tuple(suffix for format in (*FORMATS, HEIC) for suffix in format.suffixes)
PictureLike = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | np.ndarray

MAX_PIXELS = 120_000_000  # more take gigabytes to decode
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
        A file (PNG, JPEG, WebP, GIF, BMP, TIFF, or HEIC with pillow-heif), its bytes, an image,
        or an array (H, W), (H, W, 3) or (H, W, 4) of any numeric type. Of an animation the first
        frame counts. Arrays other than uint8 are scaled by their own finite range.
    name : str
        What to call bytes in an error's sentence.

    Raises
    ------
    PictureError
        If it is no such picture, is damaged, or has over 120 million pixels.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> picture = open_picture(SAMPLES / "dark_on_light.png")
    >>> picture.size, picture.colours.shape
    ((240, 240), (240, 240, 3))
    """
    if isinstance(picture, np.ndarray):
        return _from_image(_array_image(picture), "The array")
    if isinstance(picture, Image.Image):
        with _guarded("The image"):
            return _from_image(picture, "The image")
    if isinstance(picture, bytes | bytearray | memoryview):
        return _from_file(io.BytesIO(picture), name)
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
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise PictureError(f"{name} is {kind}; give a picture file, or a folder of them.")
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
    if re.match(HEIC.start, start):
        try:
            import pillow_heif
        except ImportError:
            raise PictureError(
                f"{name} is a HEIC photo; to read these, run: pip install 'digitlib[heic]'."
            ) from None
        pillow_heif.register_heif_opener()
        formats = (HEIC,)
    with _guarded(name):
        image = Image.open(file, formats=[format.name.upper() for format in formats])
        return _from_image(image, name, small=True)


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
        raise _too_large(name) from None
    # Damaged files make Pillow's decoders raise nearly anything; each is the same to the reader.
    except Exception as error:
        raise PictureError(f"{name} is damaged: {reason(error)}.") from None


def _too_large(name: str) -> PictureError:
    return PictureError(f"{name} has more than 120 million pixels; make it smaller and try again.")


def _from_image(image: Image.Image, name: str, small: bool = False) -> Picture:
    """Return an image upright and plain; `small` lets a JPEG decode at less than its size."""
    size = image.size
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large(name)
    if min(size) == 0:
        raise PictureError(f"{name} has no pixels; give a picture of at least 1 x 1.")
    if small:
        shrink = max(1.0, 2 * max(size) / WORKING_SIDE)
        image.draft(None, (int(size[0] / shrink), int(size[1] / shrink)))
    image.load()
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)  # lost with the next conversion
    image = _plain_mode(image)
    # Reduced before it is turned, so that only the small image is held twice.
    if (factor := -(-max(image.size) // WORKING_SIDE)) > 1:
        image = image.reduce(factor)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
        size = size[::-1] if orientation >= 5 else size
    if image.mode == "RGBA":
        return Picture(_on_paper(np.asarray(image)), size)
    return Picture(np.asarray(image.convert("RGB")), size)


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return an image as grey (L), RGB or RGBA."""
    if "transparency" in image.info or image.mode in ("PA", "LA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_scaled(np.asarray(image)))
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


def _array_image(array: np.ndarray) -> Image.Image:
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (3, 4)):
        raise PictureError(
            f"An array of shape {shape} is not a picture; expected (H, W), (H, W, 3) or (H, W, 4)."
        )
    if 0 in shape:
        raise PictureError(f"An array of shape {shape} has no pixels; give at least 1 x 1.")
    if shape[0] * shape[1] > MAX_PIXELS:
        raise _too_large("The array")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.iscomplexobj(array):
        raise PictureError(f"An array of {array.dtype} is not a picture; expected numbers.")
    if array.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(array))
    if array.ndim == 3 and shape[2] == 4:
        alpha = np.nan_to_num(array[..., 3].astype(np.float64))
        most = float(alpha.max())
        opaque = next((full for full in (1.0, 255.0) if most <= full), most)
        opacity = (np.clip(alpha / opaque, 0, 1) * 255).astype(np.uint8)
        return Image.fromarray(np.dstack([_scaled(array[..., :3]), opacity]))
    return Image.fromarray(_scaled(array))


def _scaled(array: np.ndarray) -> np.ndarray:
    """Return numbers of any range as uint8, their finite minimum 0 and maximum 255."""
    step = max(1, max(array.shape[:2]) // (2 * WORKING_SIDE))
    array = array[::step, ::step].astype(np.float64)  # large ones are made small later anyway
    finite = array[np.isfinite(array)]
    if finite.size == 0 or finite.min() == finite.max():
        return np.zeros(array.shape, np.uint8)
    low, high = finite.min(), finite.max()
    array = np.nan_to_num(array, nan=np.median(finite), posinf=high, neginf=low)
    return ((array / 2 - low / 2) / (high / 2 - low / 2) * 255 + 0.5).astype(np.uint8)
