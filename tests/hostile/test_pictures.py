"""Mutated files and odd arrays: always a Reading or one clear sentence, quickly, in little memory.

`make test` tries a few hundred, `make test-all` tens of thousands.
"""

import io
import os
import resource
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from digitlib.errors import PictureError
from digitlib.files import SAMPLES
from digitlib.reading.recognizer import Reading, Recognizer

RECOGNIZER = Recognizer()
LONGEST = 5.0  # seconds a picture
MOST_GROWTH = 500  # MB of peak memory, over all cases
EXTREMES = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def real_files() -> list[bytes]:
    """Return small pictures in every format that is read, and in some that are not."""
    digit = Image.open(SAMPLES / "dark_on_light.png").convert("L").resize((60, 60))
    made = []
    for kind, modes in {
        "PNG": ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"),
        "JPEG": ("L", "RGB", "CMYK"),
        "GIF": ("P",),
        "BMP": ("1", "L", "RGB"),
        "TIFF": ("1", "L", "RGB", "CMYK", "F"),
        "WEBP": ("RGB", "RGBA"),
        "PPM": ("L",),
        "ICO": ("RGBA",),
        "TGA": ("RGB",),
        "PCX": ("L",),
        "PDF": ("L",),
    }.items():
        for mode in modes:
            file = io.BytesIO()
            digit.convert("I;16" if mode == "I;16" else mode).save(file, kind)
            made.append(file.getvalue())
    frames = [digit.rotate(10 * i, fillcolor=255) for i in range(5)]
    for kind in ("GIF", "TIFF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        made.append(file.getvalue())
    return made


FILES = real_files()


@st.composite
def mutated_files(draw):
    """A real file, cut, flipped, overwritten, or run together with another."""
    content = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        how = draw(st.sampled_from(["cut", "flip", "extreme", "insert", "remove", "join"]))
        if how == "cut":
            del content[at:]
        elif how == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "extreme":
            order = draw(st.sampled_from(["big", "little"]))
            content[at : at + 4] = draw(st.sampled_from(EXTREMES)).to_bytes(4, order)
        elif how == "insert":
            content[at:at] = draw(st.binary(max_size=64))
        elif how == "remove":
            del content[at : at + draw(st.integers(1, 64))]
        elif how == "join":
            content[at:] = draw(st.sampled_from(FILES))[at:]
    return bytes(content)


@st.composite
def odd_arrays(draw):
    """Arrays of any type and shape, with NaN and infinities, strided, reversed, read-only."""
    types = st.one_of(
        arrays.integer_dtypes(),
        arrays.unsigned_integer_dtypes(),
        arrays.floating_dtypes(),
        arrays.boolean_dtypes(),
        arrays.complex_number_dtypes(),
        st.just(np.dtype(object)),
    )
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=40))
    dtype = draw(types)
    array = np.resize(np.arange(7), shape).astype(dtype)
    if dtype.kind == "f" and array.size:
        array.flat[draw(st.integers(0, array.size - 1))] = draw(
            st.sampled_from([np.nan, np.inf, -np.inf, 0])
        )
    if array.ndim and draw(st.booleans()):
        array = array[:: draw(st.sampled_from([-1, 2, -2]))]
    if draw(st.booleans()):
        array = array.T
    array.flags.writeable = draw(st.booleans())
    return array


def read_it(picture) -> None:
    """Read it, and look at what comes back."""
    start = time.monotonic()
    try:
        reading = RECOGNIZER.read(picture)
    except PictureError as error:
        sentence = str(error)
        assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 300
    else:
        assert isinstance(reading, Reading) and 0 <= reading.confidence <= 1
        assert set(reading.text) <= set("0123456789\n")
        assert len(reading.text.replace("\n", "")) == len(reading.digits)
    assert time.monotonic() - start < LONGEST


def fuzz(strategy, cases: int) -> None:
    """Try so many cases."""
    checks = settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    tried = 0

    @checks
    @given(strategy)
    def run(picture):
        nonlocal tried
        tried += 1
        read_it(picture)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # other tests' peak counts
    run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{tried:,} cases, peak memory of the process {before:.0f} MB before, {peak:.0f} MB after"
    )
    assert peak - before < MOST_GROWTH


SIZES = [300, pytest.param(50_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("cases", SIZES)
def test_mutated_files(cases):
    fuzz(mutated_files(), cases)


@pytest.mark.parametrize("cases", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_odd_arrays(cases):
    fuzz(odd_arrays(), cases)


def test_a_file_of_hundreds_of_frames_and_one_with_huge_metadata():
    frames = [Image.new("L", (40, 40), 255 - i % 9) for i in range(400)]
    many, stuffed = io.BytesIO(), io.BytesIO()
    frames[0].save(many, "GIF", save_all=True, append_images=frames[1:])
    read_it(many.getvalue())
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("comment", "x" * 20_000_000, zip=True)
    frames[0].save(stuffed, "PNG", pnginfo=text)
    read_it(stuffed.getvalue())


def test_a_jpeg_of_three_hundred_scans_costs_nothing():
    """Of as many pixels as are read; decoding it took 23 s of processor time."""
    file = io.BytesIO()
    Image.new("L", (10_900, 11_000), 255).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    start = time.process_time()
    with pytest.raises(PictureError, match="a JPEG of over 25 scans"):
        RECOGNIZER.read(content[:-2] + 300 * last + content[-2:])
    assert time.process_time() - start < LONGEST


def test_names_with_newlines_and_emoji_links_and_pipes(tmp_path):
    good = (SAMPLES / "dark_on_light.png").read_bytes()
    for name in ("a\nb.png", "🙂.png", " .png", "-rf.png"):
        (tmp_path / name).write_bytes(good)
        assert RECOGNIZER.read(tmp_path / name).text == "7"
    (tmp_path / "link.png").symlink_to(tmp_path / "🙂.png")
    assert RECOGNIZER.read(tmp_path / "link.png").text == "7"
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("loop.png", "pipe.png", "."):
        read_it(tmp_path / name)
        with pytest.raises(PictureError):
            RECOGNIZER.read(tmp_path / name)
