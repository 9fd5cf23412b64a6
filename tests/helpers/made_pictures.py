"""Pictures as people bring them, made up from a data set's test digits, for test_regression.py.

Shares no code with what the reader learns from, nor with benchmarks/rendering.py. Everything
follows from a seed. No picture is made for a threshold: a group holds what people photograph,
scan or draw.
"""

import io
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

# Digits whose two strokes need not touch, as points (x, y) in a unit square.
RING = np.array([(0.5, 0), (0.05, 0), (0.05, 0.45), (0.95, 0.45), (0.95, 0), (0.5, 0)])
TWO_STROKES = {
    "1": [[(0.3, 0.25), (0.5, 0), (0.5, 0.86)], [(0.25, 1), (0.75, 1)]],
    "4": [[(0.4, 0), (0.1, 0.6), (0.6, 0.6)], [(0.75, 0.2), (0.72, 1)]],
    "5": [[(0.3, 0.15), (0.25, 0.5), (0.9, 0.3), (0.95, 1), (0.1, 1)], [(0.3, 0), (0.9, 0)]],
    "7": [[(0.1, 0), (0.9, 0)], [(0.86, 0.14), (0.6, 0.5), (0.4, 1)]],
    "8": [RING, RING + (0, 0.58)],
}
LETTERS = "AEFGHKMNRTWXYaefhkmnrtwx&?%#@*+="
WORDS = ["the", "house", "on", "a", "hill", "is", "old", "and", "full", "of", "light", "so", "look"]


def made_pictures(images: np.ndarray, labels: np.ndarray, seed: int = 0) -> dict[str, list]:
    """Return groups of pictures: {name: [(a file's bytes, the text a person reads), ...]}."""
    in_two = [k for k, image in enumerate(images[:2000]) if ndimage.label(image > 60)[1] == 2]
    groups = {}
    for number, (name, (make, count)) in enumerate(GROUPS.items()):
        rng = np.random.default_rng([seed, number])

        def pick(broken=False, rng=rng):
            """Return a test image and its digit; a broken one lies in two pieces, if many do."""
            k = rng.choice(in_two if broken and len(in_two) > 9 else len(labels))
            return images[k], str(labels[k])

        groups[name] = [make(pick, rng) for _ in range(count)]
    return groups


# Ink: arrays from 0, paper, to 1, ink.


def written(image, height, pen, rng):
    """Return a digit `height` pixels tall; `pen` from 0, thick, to 1, thin."""
    glyph = Image.fromarray(image).crop(Image.fromarray(image > 60).getbbox())
    glyph = glyph.resize((max(3, round(height * glyph.width / glyph.height)), height))
    room = height // 5 + 2
    large = Image.new("L", (glyph.width + 2 * room, height + 2 * room))
    large.paste(glyph, (room, room))
    large = large.rotate(rng.normal(0, 4), Image.Resampling.BICUBIC)
    soft = np.asarray(large.filter(ImageFilter.GaussianBlur(height / 30)), float) / 255
    return trimmed(np.clip((soft - 0.32 - 0.18 * pen) * np.clip(height / 12, 2, 8) + 0.5, 0, 1))


def in_two_strokes(name, height, pen, rng):
    side, scale = int(1.5 * height), height * np.array([rng.uniform(0.6, 0.85), 1])
    strokes = [np.array(s) + rng.normal(0, 0.015, (len(s), 2)) for s in TWO_STROKES[name]]
    return trimmed(drawn([s * scale + side / 5 for s in strokes], side, height * (0.1 - pen / 20)))


def drawn(strokes, side, width):
    """Return strokes with rounded corners and ends, drawn twice as large and made smaller."""
    page = Image.new("L", (2 * side, 2 * side))
    draw = ImageDraw.Draw(page)
    for points in strokes:
        for _ in range(3):
            cut = [q for a, b in pairwise(points) for q in (0.75 * a + b / 4, a / 4 + 0.75 * b)]
            points = [points[0], *cut[1:-1], points[-1]]
        draw.line([tuple(2 * p) for p in points], 255, max(2, round(2 * width)), joint="curve")
        for x, y in (2 * points[0], 2 * points[-1]):
            draw.ellipse((x - width, y - width, x + width, y + width), 255)
    return np.asarray(page.reduce(2), float) / 255


def trimmed(ink):
    left, top, right, bottom = Image.fromarray(ink > 0.3).getbbox()
    return ink[top:bottom, left:right]


def side_by_side(inks, rng, touching=False):
    """Return a row of digits with gaps, or each pushed against the one before it."""
    tall = max(len(ink) for ink in inks)
    row = np.zeros((int(1.1 * tall), sum(ink.shape[1] + tall for ink in inks)))
    x = 0
    for k, ink in enumerate(inks):
        top, width = rng.integers(len(row) - len(ink) + 1), ink.shape[1]
        rows = row[top : top + len(ink)]
        while touching and k and not (rows[:, x : x + width] * ink > 0.5).any():
            x -= 1
        rows[:, x : x + width] = np.maximum(rows[:, x : x + width], ink)
        x += width + (0 if touching else int(tall * rng.uniform(0.1, 0.4)))
    return trimmed(row)


def with_margins(ink, rng):
    top, bottom, left, right = np.intp(rng.uniform(0.1, 1, 4) * min(ink.shape)) + 3
    return np.pad(ink, [(top, bottom), (left, right)])


def a_digit(pick, rng, low=25, high=200):
    image, text = pick()
    height = int(low * (high / low) ** rng.random())
    return written(image, height, rng.random(), rng), text


def a_number(pick, rng, most, height=None, touching=False):
    height, pen = height or rng.uniform(28, 75), rng.random()
    picked = [pick() for _ in range(rng.integers(2, most + 1))]
    inks = [written(image, int(height * rng.uniform(0.85, 1.1)), pen, rng) for image, _ in picked]
    return side_by_side(inks, rng, touching), "".join(text for _, text in picked)


# Pictures: what becomes of ink on paper.


def dark_and_light(rng):
    """Return the colours of paper and pen: mostly a pen, sometimes chalk on a board."""
    if rng.random() < 0.15:
        return rng.uniform(20, 80, 3), rng.uniform(190, 255, 3)
    return rng.uniform(170, 255) * rng.uniform(0.85, 1, 3), rng.uniform(0, 110, 3)


def equally_grey(rng):
    """Return two colours that a black-and-white photo does not tell apart."""
    while True:
        paper, pen = rng.uniform(20, 250, (2, 3))
        if abs((paper - pen) @ [0.299, 0.587, 0.114]) < 3 and np.linalg.norm(paper - pen) > 140:
            return paper, pen


def picture_of(ink, rng, photos=1.0, colours=dark_and_light, pitch=None):
    """Return ink as a file: on a page, lined if there is a pitch, photographed or scanned."""
    ink = with_margins(ink, rng)
    paper, pen = colours(rng)
    while pitch and paper.mean() < 150:  # boards have no lines
        paper, pen = colours(rng)
    page = paper + (pen - paper) * ink[..., None]
    if pitch:
        page = np.minimum(page, lines(page.shape[:2], pitch, rng))  # the pen covers the lines
    return photographed(page, rng) if rng.random() < photos else as_file(page)


def lines(shape, pitch, rng):
    """Return a white page with thin pale lines, or squares."""
    page = Image.new("RGB", shape[::-1], (255, 255, 255))
    colour, width = tuple(rng.integers(120, 200, 3)), max(1, int(pitch / 40))
    slope = rng.normal(0, 0.01)
    for y in np.arange(rng.uniform(-pitch, 0), page.height + pitch, pitch):
        ImageDraw.Draw(page).line((0, y, page.width, y + slope * page.width), colour, width)
    for x in np.arange(rng.uniform(-pitch, 0), page.width, pitch) if rng.random() < 0.5 else ():
        ImageDraw.Draw(page).line((x, 0, x - slope * page.height, page.height), colour, width)
    return np.asarray(page)


def photographed(page, rng):
    """Return a page as a JPEG: uneven light, shadows, the table beside it, blur and noise."""
    if rng.random() < 0.15:
        strip = int(rng.uniform(0.04, 0.12) * max(page.shape))
        page = np.pad(page, [(0, strip), (0, 0), (0, 0)], mode="edge")
        y, x = np.mgrid[0 : len(page), 0 : page.shape[1]]
        table = y > len(page) - strip * (0.4 + 0.5 * x / page.shape[1])
        page = np.where(table[..., None], rng.uniform(40, 160, 3), page)
    height, width = page.shape[:2]
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - rng.uniform(0, 0.45) * (0.5 + 0.7 * (x * np.cos(angle) + y * np.sin(angle)))
    if rng.random() < 0.3:  # of a hand, a head or the camera
        shadow = Image.new("L", (width, height))
        corners = rng.uniform(-0.3, 1.3, (4, 2)) * [width, height]
        ImageDraw.Draw(shadow).polygon([tuple(corner) for corner in corners], 255)
        soft = ImageFilter.GaussianBlur(max(height, width) * rng.uniform(0.005, 0.05))
        light = light * (1 - rng.uniform(0.1, 0.4) / 255 * np.asarray(shadow.filter(soft)))
    noisy = page * light[..., None] + rng.normal(0, rng.uniform(0.5, 7), page.shape)
    image = Image.fromarray(np.uint8(np.clip(noisy, 0, 255)))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.01) * min(height, width)))
    return as_file(image, "JPEG", quality=int(rng.integers(40, 95)))


def as_file(image, kind="PNG", **options):
    file = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(np.uint8(image))
    image.save(file, kind, **options)
    return file.getvalue()


# Groups: each function makes one picture, and says what a person reads in it.


def photo(pick, rng):
    ink, text = a_digit(pick, rng)
    return picture_of(ink, rng), text


def drawing(pick, rng):
    ink, text = a_digit(pick, rng)
    if rng.random() < 0.3:  # a brush of hard pixels
        ink = np.round(ink)
    if rng.random() < 0.3:  # on transparent paper
        ink = with_margins(ink, rng)
        pen = np.broadcast_to(rng.uniform(0, 90, 3), (*ink.shape, 3))
        return as_file(np.dstack([pen, 255 * ink])), text
    return picture_of(ink, rng, photos=0), text


def tiny(pick, rng):
    """A data set's own image, or a digit of 8 to 20 pixels with hardly a margin."""
    image, text = pick()
    if rng.random() < 0.6:
        side = int(rng.integers(8, 21))
        glyph = Image.fromarray(image).crop(Image.fromarray(image > 60).getbbox())
        glyph.thumbnail((side - side // 8, side - side // 8), Image.Resampling.BOX)
        tile = Image.new("L", (side, side))
        tile.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
        image = np.asarray(tile)
    return as_file(image if rng.random() < 0.5 else 255 - image), text


def number(pick, rng):
    ink, text = a_number(pick, rng, 8)
    return picture_of(ink, rng), text


def lined(pick, rng):
    ink, text = a_number(pick, rng, 5) if rng.random() < 0.6 else a_digit(pick, rng, 30, 90)
    return picture_of(ink, rng, pitch=rng.uniform(0.5, 1.6) * len(ink)), text


def touching(pick, rng):
    ink, text = a_number(pick, rng, 3, touching=True)
    return picture_of(ink, rng, photos=0.5), text


def two_lines(pick, rng):
    height = rng.uniform(28, 60)
    rows = [a_number(pick, rng, 5, height) for _ in range(2)]
    width, gap = max(ink.shape[1] for ink, _ in rows), int(rng.uniform(0.3, 0.9) * height)
    inks = [np.pad(ink, [(0, gap), (0, width - ink.shape[1])]) for ink, _ in rows]
    return picture_of(np.concatenate(inks), rng), "\n".join(text for _, text in rows)


def coloured(pick, rng):
    ink, text = a_number(pick, rng, 4) if rng.random() < 0.4 else a_digit(pick, rng, 30, 160)
    return picture_of(ink, rng, photos=0.6, colours=equally_grey), text


def in_pieces(pick, rng):
    """Digits in two strokes, drawn or from the data set; alone, or with any digit between two."""
    height, pen = int(rng.uniform(35, 120)), rng.random()
    inks, texts = [], []
    for k in range(rng.choice([1, 1, 3])):
        if k != 1 and rng.random() < 0.7:
            texts.append(str(rng.choice(list(TWO_STROKES))))
            inks.append(in_two_strokes(texts[-1], height, pen, rng))
        else:
            image, text = pick(broken=k != 1)
            texts.append(text)
            inks.append(written(image, height, pen, rng))
    return picture_of(side_by_side(inks, rng), rng, photos=0.5), "".join(texts)


def in_dots(pick, rng):
    """Digits of a worn pen on rough paper, in black and white."""
    ink, text = a_number(pick, rng, 4) if rng.random() < 0.3 else a_digit(pick, rng, 40, 200)
    ink, cell = with_margins(ink, rng), rng.choice([1, 2, 3])
    rough = rng.random([n // cell + 1 for n in ink.shape]).repeat(cell, 0).repeat(cell, 1)
    worn = rough[: len(ink), : ink.shape[1]] < rng.uniform(0.3, 0.7)
    return as_file(np.where((ink > 0.5) & ~worn, 0, 255)), text


def blank_paper(pick, rng):
    pitch = rng.uniform(15, 60) if rng.random() < 0.4 else None
    return picture_of(np.zeros(rng.integers(30, 150, 2)), rng, pitch=pitch), ""


def words(pick, rng):
    """Print, or a single letter or sign."""
    size, text = int(rng.integers(40, 140)), str(rng.choice(list(LETTERS)))
    if rng.random() < 0.6:
        size = int(rng.integers(14, 32))
        text = "\n".join(" ".join(rng.choice(WORDS, 4)) for _ in range(rng.integers(1, 4)))
    page = Image.new("L", (1000, 300))
    ImageDraw.Draw(page).text((20, 20), text, 255, ImageFont.load_default(size))
    return picture_of(trimmed(np.asarray(page) / 255), rng), ""


def scribble(pick, rng):
    """An aimless line, or a zigzag that crosses something out."""
    side, count = int(rng.integers(60, 200)), rng.integers(14, 30)
    points = rng.uniform(0.1, 0.9, (count, 2))
    if rng.random() < 0.5:
        points[:, 0] = np.linspace(0.1, 0.9, count)
        points[:, 1] = 0.5 + rng.uniform(0.1, 0.35, count) * (-1) ** np.arange(count)
    return picture_of(drawn([points * side], side, rng.uniform(2, 6)), rng, photos=0.5), ""


def texture(pick, rng):
    """Cloth, wood, plaster, grass: noise that is smooth along one direction or none."""
    height, width = shape = rng.integers(90, 320, 2)
    field = ndimage.gaussian_filter(rng.normal(0, 1, shape), rng.uniform(0.5, 8, 2), mode="wrap")
    if rng.random() < 0.4:
        y, x = np.mgrid[0:height, 0:width] * rng.uniform(0.1, 0.7)
        field = np.sin(x + rng.normal(0, 30) * field) + rng.choice([0, 1]) * np.sin(y)
    first, second = rng.uniform(60, 200, (2, 1)) + rng.normal(0, 25, (2, 3))
    amount = np.clip(0.5 + field / (4 * field.std()), 0, 1)[..., None]
    return photographed(first + (second - first) * amount, rng), ""


def things(pick, rng):
    """A part of a room, a street or a garden: things that hide each other, most of them small."""
    image = Image.new("RGB", tuple(rng.integers(90, 320, 2).tolist()))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, *image.size), tuple(rng.integers(60, 220, 3)))
    for size in -np.sort(-250 / rng.uniform(1, 25, rng.integers(25, 80))):
        x, y = rng.uniform(-0.1, 1.1, 2) * image.size
        right, bottom = (x, y) + size * rng.uniform(0.1, 1, 2)
        colour = tuple(np.intp(np.clip(rng.uniform(20, 235) + rng.normal(0, 30, 3), 0, 255)))
        shape = rng.choice([draw.ellipse, draw.rectangle, draw.line, draw.polygon])
        points = [x, y, right, bottom]
        if shape == draw.polygon:
            points = [tuple(p) for p in rng.uniform((x, y), (right, bottom), (4, 2))]
        options = {"width": max(1, int(size / 12))} if shape == draw.line else {}
        shape(points, fill=colour, **options)
    return photographed(np.asarray(image, float), rng), ""


GROUPS = {
    "photos": (photo, 80),
    "drawings": (drawing, 60),
    "tiny": (tiny, 60),
    "numbers": (number, 50),
    "lined paper": (lined, 40),
    "touching": (touching, 24),
    "two lines": (two_lines, 20),
    "colours": (coloured, 50),
    "in pieces": (in_pieces, 60),
    "blank paper": (blank_paper, 12),
    "words": (words, 32),
    "scribbles": (scribble, 20),
    "textures": (texture, 30),
    "things": (things, 40),
    "in dots": (in_dots, 40),
}
