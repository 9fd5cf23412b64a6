import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digitlib.errors import PictureError, display_name
from digitlib.files import SAMPLES
from digitlib.reading import pictures
from digitlib.reading.pictures import AVIF, FORMATS, HEIC, SUFFIXES, open_picture, suffix_of


def encoded(image, format, **options):
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


@pytest.fixture
def image():
    pixels = np.full((40, 60, 3), 250, np.uint8)
    pixels[10:30, 20:25] = (10, 20, 30)
    return Image.fromarray(pixels)


def is_dark(colours, row, column):
    return colours[row, column].mean() < 128


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_formats(image, format):
    picture = open_picture(encoded(image, format.name))
    assert picture.size == (60, 40) and picture.colours.shape == (40, 60, 3)
    assert is_dark(picture.colours, 20, 22) and not is_dark(picture.colours, 5, 5)


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_the_table_of_formats_is_true(image, format, tmp_path):
    content = encoded(image, format.name)
    assert suffix_of(content) == format.suffixes[0]
    for suffix in format.suffixes:
        image.save(tmp_path / f"a{suffix}")
        assert Image.open(tmp_path / f"a{suffix}").format == format.name.upper()
    assert set(format.suffixes) <= set(SUFFIXES)


def test_avif_where_pillow_lacks_it_says_how_to_get_it(monkeypatch):
    formats = tuple(format for format in FORMATS if format.name != "AVIF")
    monkeypatch.setattr(pictures, "FORMATS", formats)
    with pytest.raises(PictureError, match=r"is an AVIF picture.* pip install -U pillow"):
        open_picture(b"\0\0\0\x1cftypavif" + bytes(40))
    assert ".avif" in SUFFIXES


@pytest.mark.skipif(AVIF not in FORMATS, reason="this Pillow reads no AVIF")
def test_an_avif_may_begin_with_the_brand_that_it_shares_with_heic(image):
    content = encoded(image, "AVIF")
    shared = content.replace(b"ftypavif", b"ftypmif1", 1)
    assert shared != content and open_picture(shared).size == (60, 40)
    assert suffix_of(shared) == ".avif"


def test_whatever_else_can_be_kept_is_heic():
    assert suffix_of(b"\0\0\0\x18ftypheic") == HEIC.suffixes[0] == ".heic"
    assert set(SUFFIXES) == {suffix for f in (*FORMATS, AVIF, HEIC) for suffix in f.suffixes}


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"]
)
def test_modes(image, mode):
    via = image if mode in ("1", "L", "P", "RGBA", "CMYK", "YCbCr", "HSV") else image.convert("L")
    picture = open_picture(via.convert(mode))
    assert is_dark(picture.colours, 20, 22) and not is_dark(picture.colours, 5, 5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(image, "JPEG", exif=exif))
    from PIL import ImageOps

    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(image, "JPEG", exif=exif))))
    assert picture.size == expected.size
    assert np.abs(picture.colours.astype(int) - np.asarray(expected)).max() < 3


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_nothing_stands_out(ink):
    pixels = np.zeros((30, 30, 4), np.uint8)
    pixels[..., :3] = ink
    pixels[10:20, 14:16, 3] = 255
    colours = open_picture(Image.fromarray(pixels)).colours.astype(int)
    assert abs(colours[15, 15] - colours[0, 0]).min() > 200


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int16, np.uint16, np.int64, np.float16, np.float32, np.float64]
)
def test_arrays_of_any_number(dtype):
    array = np.zeros((20, 30), dtype)
    array[5:15, 10:12] = 1 if dtype is bool else 100
    colours = open_picture(array).colours.astype(int)
    assert colours.shape == (20, 30, 3)
    assert colours[10, 11, 0] - colours[0, 0, 0] >= 100


def test_float_arrays_are_scaled_by_their_finite_range():
    array = np.zeros((9, 9))
    array[4, 4], array[0, 0], array[1, 1], array[2, 2] = 7e300, np.nan, np.inf, -np.inf
    colours = open_picture(array).colours
    assert colours[4, 4, 0] == 255 and colours[0, 0, 0] == 0 and colours[1, 1, 0] == 255


def test_views_and_read_only_arrays():
    array = np.zeros((40, 40, 3), np.uint8)[::-2, ::-1]
    array.flags.writeable = False
    assert open_picture(array).colours.shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(5), "shape"),
        (np.zeros((2, 2, 5)), "shape"),
        (np.zeros((0, 4)), "no pixels"),
        (np.zeros((2, 2), complex), "numbers"),
        (np.array([["a", "b"]]), "numbers"),
    ],
)
def test_arrays_that_are_no_picture(array, words):
    with pytest.raises(PictureError, match=words):
        open_picture(array)


def test_files_that_are_no_picture(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "half.png").write_bytes(encoded(Image.new("RGB", (90, 90), "red"), "PNG")[:150])
    for name, words in {
        "text.png": "not a picture that can be read; give a PNG, JPEG, WebP, GIF, BMP, TIFF",
        "empty.png": "is empty",
        "half.png": "is damaged",
        "none.png": "There is no file",
        ".": "is a folder",
    }.items():
        with pytest.raises(PictureError, match=words) as raised:
            open_picture(tmp_path / name)
        assert str(tmp_path.name) in str(raised.value) and "\n" not in str(raised.value)


def test_heic_is_read_with_the_extra(image):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra: digitlib[heic]")
    pillow_heif.register_heif_opener()
    picture = open_picture(encoded(image, "HEIF"))
    assert picture.size == (60, 40) and is_dark(picture.colours, 20, 22)


def test_heic_without_the_extra_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"run: pip install pillow-heif\."):
        open_picture(b"\x00\x00\x00\x18ftypheic" + bytes(40))


def test_too_many_pixels_are_refused_before_decoding():
    header = encoded(Image.new("1", (1, 1)), "BMP")
    huge = header[:18] + (40000).to_bytes(4, "little") * 2 + header[26:]
    with pytest.raises(PictureError, match="120 million"):
        open_picture(huge)


def test_a_large_photo_is_worked_on_small_and_keeps_its_size():
    photo = Image.new("RGB", (4000, 3000), "white")
    picture = open_picture(encoded(photo, "JPEG"))
    assert picture.size == (4000, 3000) and 500 <= max(picture.colours.shape) <= 1000


def test_a_large_image_is_converted_in_strips_to_what_it_would_be_at_once(image):
    page = Image.new("RGBA", (1700, 2300), (255, 255, 255, 255))
    page.paste(Image.effect_noise((900, 1301), 90).convert("RGBA"), (300, 501))
    page.putalpha(Image.effect_noise(page.size, 60))
    for mode in ("RGBA", "CMYK", "L", "P"):
        given = page.convert("RGB").convert(mode) if mode != "RGBA" else page
        whole = given if mode in ("RGBA", "L") else given.convert("RGB")
        small = pictures._small(given)
        assert small.size == (567, 767) and small.tobytes() == whole.reduce(3).tobytes(), mode


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_large_arrays_of_numbers_keep_their_size(dtype, channels):
    array = np.zeros((4100, 30, *channels), dtype)
    array[1000:3000] = 200
    picture = open_picture(array)
    assert picture.size == (30, 4100) and max(picture.colours.shape) <= 1000
    dark, light = picture.colours[5, 0].astype(int), picture.colours[len(picture.colours) // 2, 2]
    assert abs(light - dark).min() >= 200


def test_buffers_with_gaps_and_backwards_are_read_and_a_released_one_is_not():
    content = (SAMPLES / "dark_on_light.png").read_bytes()
    doubled = bytes(byte for pair in zip(content, content, strict=True) for byte in pair)
    expected = open_picture(content).colours
    for view in (memoryview(doubled)[::2], memoryview(content[::-1])[::-1], bytearray(content)):
        assert np.array_equal(open_picture(view).colours, expected)
    released = memoryview(content)
    released.release()
    with pytest.raises(PictureError, match="give its bytes"):
        open_picture(released)


def test_files_over_250_mb_are_refused_unread(tmp_path, monkeypatch):
    with (tmp_path / "sparse.tif").open("wb") as file:
        file.write(b"II*\0")
        file.truncate(250_000_001)
    monkeypatch.setattr(pictures, "_from_file", None)  # whoever opens it, fails
    with pytest.raises(PictureError, match=r"sparse.tif has more than 250 MB"):
        open_picture(tmp_path / "sparse.tif")
    with pytest.raises(PictureError, match="Sent has more than 250 MB"):
        open_picture(bytes(250_000_001), "Sent")


def with_scans(content: bytes, times: int) -> bytes:
    """Return a progressive JPEG whose last scan comes so many times more."""
    start = content.rindex(b"\xff\xda")
    return content[:-2] + content[start:-2] * times + content[-2:]


def test_jpegs_of_very_many_scans_are_refused(image):
    content = encoded(image, "JPEG", progressive=True)
    scans = content.count(b"\xff\xda")
    assert open_picture(with_scans(content, 100 - scans)).size == (60, 40)
    with pytest.raises(PictureError, match="a JPEG of over 100 scans"):
        open_picture(with_scans(content, 101 - scans))
    # What lies behind the end, such as a phone's film, or in a part of its own, is no scan.
    film = b"\xff\xda" * 200
    assert open_picture(content + film).size == (60, 40)
    thumbnail = b"\xff\xe5" + (2 + len(film)).to_bytes(2) + film
    assert open_picture(content[:2] + thumbnail + content[2:]).size == (60, 40)


def test_the_first_of_several_jpegs_in_a_file_is_no_way_around_that(image):
    content = encoded(image, "MPO", save_all=True, append_images=[image], progressive=True)
    assert Image.open(io.BytesIO(content)).format == "MPO"
    assert open_picture(content).size == (60, 40)
    end = content.index(b"\xff\xd9", content.index(b"\xff\xda"))
    last = content[content.rindex(b"\xff\xda", 0, end) : end]
    with pytest.raises(PictureError, match="a JPEG of over 100 scans"):
        open_picture(content[:end] + 100 * last + content[end:])


def test_pictures_of_one_row_are_refused_by_their_side():
    with pytest.raises(PictureError, match="1 x 70,000 pixels; at most 65,535 a side"):
        open_picture(encoded(Image.new("L", (1, 70_000)), "PNG"))


# A process that may have so many MB more than it has; then a picture of 20 million pixels.
LITTLE_MEMORY = """
import resource, sys
from digitlib.reading.pictures import PictureError, open_picture
open_picture(sys.argv[1])
pages = int(open("/proc/self/statm").read().split()[0])
for megabytes in map(int, sys.argv[3:]):
    most = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    try:
        print(megabytes, open_picture(sys.argv[2]).size)
    except PictureError as error:
        print(megabytes, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on addresses")
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "AVIF"])
def test_damaged_is_never_said_for_want_of_memory(format, tmp_path):
    big, little = tmp_path / "big", tmp_path / "little"
    options = {"JPEG": {"progressive": True}, "AVIF": {"speed": 10}}.get(format, {})
    options |= {"lossless": True, "quality": 0, "method": 0} if format == "WebP" else {}
    Image.new("RGB", (5000, 4000), "white").save(big, format, **options)
    Image.new("RGB", (50, 40), "white").save(little, format, **options)
    steps = map(str, (5, 20, 40, 60, 80, 100, 150, 200, 300, 1000))
    command = [sys.executable, "-c", LITTLE_MEMORY, little, big, *steps]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == 10 and said[-1] == "1000 (5000, 4000)"
    assert f"not enough memory to open {big};" in said[0]
    assert all("not enough memory" in line or line.endswith("(5000, 4000)") for line in said), said


def test_libtiff_writes_nothing_of_its_own(image, capfd):
    content = bytearray(encoded(image.resize((600, 400)), "TIFF", compression="tiff_lzw"))
    content[200:260] = b"\xff" * 60
    with pytest.raises(PictureError, match="is damaged"):
        open_picture(bytes(content))
    assert capfd.readouterr().err == ""


def test_names_for_people():
    assert display_name("a\nb\x1b[31m.png") == "a\\nb\\x1b[31m.png"


def test_opaque_is_what_the_numbers_say():
    page = np.full((30, 30, 4), 255)
    page[10:20, 14:16, :3] = 0
    for dtype in (np.uint8, np.int64, np.uint16):
        assert is_dark(open_picture(page.astype(dtype)).colours, 15, 15)
    assert is_dark(open_picture(page / 255).colours, 15, 15)


def test_a_pillow_image_is_left_as_it_was_and_a_broken_one_gets_a_sentence(image):
    opened = Image.open(io.BytesIO(encoded(image.resize((3000, 400)), "JPEG")))
    open_picture(opened)
    assert opened.size == (3000, 400)
    content = encoded(image.resize((900, 900)), "PNG")
    with pytest.raises(PictureError, match="is damaged"):
        open_picture(Image.open(io.BytesIO(content[: len(content) // 2])))
