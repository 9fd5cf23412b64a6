"""Made-up pages of the hard kinds: `python benchmarks/pages.py [--count 200] [--kinds boxed]`.

Prints for each kind how many pages are read exactly, and how many wrong ones the reader is at
least 90 % sure of. Digits are MNIST's test images; everything else follows from a seed. Shares no
code, colours or spacings with what the reader learns from or was fitted on (`digitlib.synthesis`).
Kinds named f1 have the sizes, colours and widths with which version 3 was tried.
"""

import argparse
import io
import time
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

SEED = 16
LETTERS = "AEFHKMNPRTVWXYacdefhkmnrtvwxy"  # none that a hand writes like a digit
WORDS = "please write the amount in words and figures name street town date sign here"


class Page:
    """A picture in the making: (height, width, 3) float, on which ink darkens."""

    def __init__(self, height, width, rng, paper=None):
        self.rng = rng
        self.colours = np.empty((int(height), int(width), 3))
        self.colours[:] = rng.uniform(222, 252) + rng.normal(0, 3, 3) if paper is None else paper

    def blend(self, mask, colour):
        """Lay ink of a colour over the page; what is darker stays."""
        covered = self.colours + mask[..., None] * (np.asarray(colour, float) - self.colours)
        self.colours = np.minimum(self.colours, covered)

    def draw(self, strokes, colour, width, closed=False):
        """Draw lines through points (x, y), smoothly."""
        height, across = self.colours.shape[:2]
        mask = Image.new("L", (across * 2, height * 2))
        for points in strokes:
            points = [(2 * x, 2 * y) for x, y in points]
            ImageDraw.Draw(mask).line(points, 255, max(1, round(2 * width)), joint="curve")
        self.blend(np.asarray(mask.resize((across, height), Image.Resampling.BOX)) / 255, colour)

    def write(self, ink, left, top, colour):
        """Lay a digit's ink on the page, as far as the page goes."""
        mask = np.zeros(self.colours.shape[:2])
        left, top = round(left), round(top)
        part = ink[max(0, -top) :, max(0, -left) :][: len(mask) - max(0, top)]
        part = part[:, : mask.shape[1] - max(0, left)]
        mask[max(0, top) :, max(0, left) :][: part.shape[0], : part.shape[1]] = part
        self.blend(mask, colour)

    def file(self, plain=False):
        """Return the page as a JPEG: light falls off, and there is a little noise and blur."""
        picture, rng = self.colours, self.rng
        if not plain:
            height, width = picture.shape[:2]
            y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
            angle = rng.uniform(0, 2 * np.pi)
            light = 1 - rng.uniform(0, 0.3) * (0.5 + x * np.cos(angle) + y * np.sin(angle))
            picture = ndimage.gaussian_filter(picture, rng.uniform(0.2, 0.9), axes=(0, 1))
            picture = picture * light[..., None] + rng.normal(
                0, rng.uniform(0.5, 4), (height, width, 1)
            )
        content = io.BytesIO()
        image = Image.fromarray(np.uint8(np.clip(picture, 0, 255)))
        image.save(content, "PNG" if plain else "JPEG", **({} if plain else {"quality": 88}))
        return content.getvalue()


class Digits:
    """MNIST's test digits, written by a pen."""

    def __init__(self, images, labels, rng):
        self.images, self.labels, self.rng = images, labels, rng

    def one(self, height):
        """Return a digit's ink, `height` pixels tall, and its name."""
        k = self.rng.integers(len(self.labels))
        small = Image.fromarray(self.images[k])
        small = small.crop(small.point(lambda v: 255 * (v > 50)).getbbox())
        width = max(3, round(height * small.width / small.height))
        large = small.resize((width, round(height)), Image.Resampling.BICUBIC)
        large = large.filter(ImageFilter.GaussianBlur(height / 60))
        ink = np.clip((np.asarray(large, float) / 255 - 0.45) * 4 + 0.5, 0, 1)
        return ink, str(self.labels[k])

    def row(self, count, height, gap=(0.12, 0.35)):
        """Return digits side by side in one array, and their text."""
        inks, text, x = [], "", 0
        for _ in range(count):
            ink, name = self.one(height * self.rng.uniform(0.88, 1.08))
            inks.append((x, ink))
            x += round(ink.shape[1] + height * self.rng.uniform(*gap))
            text += name
        tall = max(len(ink) for _, ink in inks) + round(height * 0.08) + 1
        row = np.zeros((tall, x + 1))
        for left, ink in inks:
            top = self.rng.integers(tall - len(ink) + 1)
            place = row[top : top + len(ink), left : left + ink.shape[1]]
            np.maximum(place, ink, out=place)
        columns = np.flatnonzero(row.max(axis=0) > 0.3)
        return row[:, columns[0] : columns[-1] + 1], text

    def touching(self, count, height):
        """Return digits pushed together until their ink meets by some pixels."""
        ink, text = self.one(height)
        for _ in range(count - 1):
            more, name = self.one(height * self.rng.uniform(0.85, 1.1))
            tall = max(len(ink), len(more))
            a, b = (
                np.pad(i, [((tall - len(i)) // 2, -((len(i) - tall) // 2)), (0, 0)])
                for i in (ink, more)
            )
            shift = a.shape[1]
            while shift > 0.3 * a.shape[1]:
                shared = min(a.shape[1] - shift, b.shape[1])
                both = np.minimum(a[:, shift : shift + shared], b[:, :shared]) > 0.5
                if both.sum() > height * self.rng.uniform(0.03, 0.12):
                    break
                shift -= 1
            wide = max(a.shape[1], shift + b.shape[1])
            ink = np.pad(a, [(0, 0), (0, wide - a.shape[1])])
            ink[:, shift : shift + b.shape[1]] = np.maximum(ink[:, shift : shift + b.shape[1]], b)
            text += name
        return ink, text


def pen(rng):
    """Return a colour: blue, black, or red."""
    return [(25, 35, 120), (30, 30, 30), (60, 60, 70), (150, 30, 40)][
        rng.choice(4, p=[0.4, 0.3, 0.2, 0.1])
    ]


def rules(page, pitch, width, colour, upright=False):
    """Draw lines across the page, hardly tilted."""
    height, across = page.colours.shape[:2]
    tilt, strokes = page.rng.normal(0, 0.008), []
    for y in np.arange(page.rng.uniform(-pitch, 0), height + pitch, pitch):
        strokes.append([(-2, y - 2 * tilt), (across + 2, y + tilt * across)])
    for x in np.arange(page.rng.uniform(-pitch, 0), across + pitch, pitch) if upright else ():
        strokes.append([(x, -2), (x - tilt * height, height + 2)])
    page.draw(strokes, colour, width)


def on_page(digits, rng, count=None, height=None, margin=(0.3, 1.0), under=None, over=None):
    """Return a page with a number on it, `under` drawn before and `over` after, and its text."""
    height = height or rng.uniform(50, 130)
    ink, text = digits.row(count or rng.integers(1, 4), height)
    top, bottom, left, right = rng.uniform(*margin, 4) * height
    page = Page(len(ink) + top + bottom, ink.shape[1] + left + right, rng)
    colour = pen(rng)
    if under:
        under(page, height)
    page.write(ink, left, top, colour)
    if over:
        over(page, (left, top, left + ink.shape[1], top + len(ink)), height, colour)
    return page.file(), text


def plain(digits, rng):
    return on_page(digits, rng)


def ruled(digits, rng):
    grey = rng.uniform(95, 190)
    width = rng.uniform(1, 4)
    pitch = rng.uniform(0.45, 1.3)
    return on_page(digits, rng, under=lambda p, h: rules(p, pitch * h, width, (grey,) * 3))


def squares(low, high):
    """Return a kind: digits on squares of so many heights of a digit."""

    def kind(digits, rng):
        colour = np.array([130, 165, 215]) + rng.uniform(-45, 30)
        width, pitch = rng.uniform(1, 3.2), rng.uniform(low, high)
        count = rng.integers(1, 3)
        draw = lambda p, h: rules(p, pitch * h, width, colour, upright=True)  # noqa: E731
        return on_page(digits, rng, count, under=draw)

    return kind


def number_on_squares(digits, rng):
    colour = np.array([150, 180, 220]) + rng.uniform(-30, 25)
    pitch, width = rng.uniform(0.35, 0.7), rng.uniform(1, 2)
    draw = lambda p, h: rules(p, pitch * h, width, colour, upright=True)  # noqa: E731
    return on_page(digits, rng, rng.integers(3, 7), under=draw)


def boxed(digits, rng):
    width, colour = rng.uniform(1.5, 5), (rng.uniform(20, 130),) * 3

    def frame(page, box, height, ink):
        left, top, right, bottom = box + rng.uniform(0.08, 0.28, 4) * height * [-1, -1, 1, 1]
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        corners = [tuple(np.array(c) + rng.normal(0, 0.015 * height, 2)) for c in corners]
        page.draw([[*corners, corners[0], corners[1]]], colour, width)

    return on_page(digits, rng, margin=(0.35, 0.9), over=frame)


def table_cell(digits, rng):
    """One cell of a table, and the beginnings of its neighbours."""
    width, colour = rng.uniform(1.5, 4), (rng.uniform(20, 150),) * 3

    def lines(page, box, height, ink):
        left, top, right, bottom = box + rng.uniform(0.05, 0.3, 4) * height * [-1, -1, 1, 1]
        tall, wide = page.colours.shape[:2]
        tilt = rng.normal(0, 0.006)
        level = [[(-2, y), (wide + 2, y + tilt * wide)] for y in (top, bottom)]
        upright = [[(x, -2), (x - tilt * tall, tall + 2)] for x in (left, right)]
        page.draw(level + upright, colour, width)

    return on_page(digits, rng, margin=(0.4, 1.0), over=lines)


def form_row(digits, rng):
    """Six boxes side by side, a digit in each."""
    height = rng.uniform(40, 90)
    side, tall = height * rng.uniform(1.25, 1.6), height * rng.uniform(1.3, 1.7)
    width, colour, ink_colour = rng.uniform(1.2, 3.5), (rng.uniform(40, 160),) * 3, pen(rng)
    left, top = rng.uniform(0.2, 1, 2) * height
    page, text = Page(tall + 2 * top, 6 * side + 2 * left, rng), ""
    apart = rng.choice([0, 0, 0.12]) * side
    lines = [[(left, y), (left + 6 * side, y)] for y in (top, top + tall)] if not apart else []
    for k in range(7 if not apart else 6):
        x = left + k * side
        box = [(x, top), (x + side - apart, top), (x + side - apart, top + tall), (x, top + tall)]
        lines.append([(x, top), (x, top + tall)] if not apart else [*box, *box[:2]])
    page.draw(lines, colour, width)
    for k in range(6):
        ink, name = digits.one(height * rng.uniform(0.85, 1.1))
        x = left + (k + 0.5) * side - apart / 2 - ink.shape[1] / 2 + rng.normal(0, 0.05) * side
        page.write(ink, x, top + (tall - len(ink)) * rng.uniform(0.3, 0.7), ink_colour)
        text += name
    return page.file(), text


def circle(page, box, height, colour, width):
    """Draw a circle by hand around a box: it need not close exactly."""
    rng = page.rng
    middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    radii = np.array([box[2] - box[0], box[3] - box[1]]) / 2 * rng.uniform(1.25, 1.45)
    radii = np.maximum(radii, 0.75 * radii.max())
    angles = np.linspace(0, 2 * np.pi + 0.25, 90) + rng.uniform(0, 6)
    wobble = 1 + 0.03 * np.sin(2 * angles + rng.uniform(0, 6)) + 0.015 * np.sin(3 * angles)
    points = middle + radii * np.stack([np.cos(angles), np.sin(angles)], 1) * wobble[:, None]
    page.draw([[tuple(p) for p in points]], colour, width)


def circled(digits, rng):
    share = rng.uniform(0.035, 0.07)
    over = lambda p, box, h, colour: circle(p, box, h, colour, share * h)  # noqa: E731
    return on_page(digits, rng, rng.integers(1, 3), margin=(0.6, 1.2), over=over)


def underlined(digits, rng):
    def under(page, box, height, colour):
        y = box[3] + rng.uniform(0.02, 0.2) * height
        more = rng.uniform(-0.05, 0.3, 2) * height
        tilt = rng.normal(0, 0.03) * (box[2] - box[0])
        line = [
            (box[0] - more[0], y),
            ((box[0] + box[2]) / 2, y + 0.3 * tilt),
            (box[2] + more[1], y + tilt),
        ]
        page.draw([line], colour, rng.uniform(0.03, 0.07) * height)

    return on_page(digits, rng, rng.integers(1, 5), margin=(0.4, 0.9), over=under)


def touching_pair(digits, rng, count=2):
    height = rng.uniform(45, 130)
    ink, text = digits.touching(count, height)
    margin = rng.uniform(0.3, 0.9) * height
    page = Page(len(ink) + 2 * margin, ink.shape[1] + 2 * margin, rng)
    page.write(ink, margin, margin, pen(rng))
    return page.file(), text


def chain_of_three(digits, rng):
    return touching_pair(digits, rng, 3)


def cropped(digits, rng):
    """Return a picture cut to the ink of its one digit."""
    ink, text = digits.one(rng.uniform(24, 160))
    margin = int(rng.integers(0, 3))
    page = Page(len(ink) + 2 * margin, ink.shape[1] + 2 * margin, rng)
    page.write(ink, margin, margin, pen(rng))
    return page.file(plain=rng.random() < 0.6), text


def f1(name):
    """Return a kind of the review: 400 x 400, digits of 140, dark blue (25, 35, 110)."""

    def kind(digits, rng):
        large = name == "squared 1200"
        side, height, blue = (1200, 420, (25, 35, 110)) if large else (400, 140, (25, 35, 110))
        page = Page(side, side, rng, (255, 255, 255))
        ink, text = digits.one(height)
        left, top = (side - ink.shape[1]) // 2, (side - len(ink)) // 2
        left, top = left + int(rng.integers(-15, 16)), top + int(rng.integers(-15, 16))
        pitch, width, colour, upright = {
            "ruled blue": (40, 1, (150, 180, 220), False),
            "ruled grey": (40, 2, (150, 150, 150), False),
            "squared 20": (20, 1, (150, 180, 220), True),
            "squared 40": (40, 2, (150, 180, 220), True),
            "squared 1200": (60, 3, (150, 180, 220), True),
        }.get(name, (0, 0, 0, 0))
        grid = np.zeros((side, side))
        for k in range(10, side, pitch) if pitch else ():
            grid[k : k + width] = 1
            if upright:
                grid[:, k : k + width] = 1
        page.blend(grid, colour)
        page.write(ink, left, top, blue)
        right, bottom = left + ink.shape[1], top + len(ink)
        frame = Image.new("L", (side, side))
        if name == "box away":
            ImageDraw.Draw(frame).rectangle(
                (left - 20, top - 20, right + 20, bottom + 20), None, 255, 2
            )
        if name == "box tight":
            ImageDraw.Draw(frame).rectangle(
                (left - 5, top - 5, right + 5, bottom + 5), None, 255, 3
            )
        if name == "circled":
            reach = int(0.5 * np.hypot(ink.shape[1], len(ink)) + 15)
            x, y = (left + right) // 2, (top + bottom) // 2
            ImageDraw.Draw(frame).ellipse(
                (x - reach, y - reach, x + reach, y + reach), None, 255, 4
            )
        page.blend(np.asarray(frame) / 255, blue)
        return page.file(plain=True), text

    return kind


def no_digit(digits, rng):
    """Lines, frames, letters or print alone."""
    height, width = rng.uniform(140, 420, 2)
    page, choice = Page(height, width, rng), rng.integers(4)
    colour = (rng.uniform(20, 170),) * 3
    if choice == 0:
        rules(page, rng.uniform(15, 90), rng.uniform(1, 3), colour, upright=rng.random() < 0.5)
    elif choice == 1:
        for _ in range(rng.integers(1, 4)):
            left, top = rng.uniform(0.03, 0.4, 2) * (width, height)
            right, bottom = (left, top) + rng.uniform(0.3, 0.55, 2) * (width, height)
            box = [(left, top), (right, top), (right, bottom), (left, bottom)]
            page.draw([[*box, *box[:2]]], colour, rng.uniform(1.5, 4))
    else:
        size = int(rng.uniform(60, 120) if choice == 2 else rng.uniform(14, 30))
        text = str(rng.choice(list(LETTERS)))
        if choice == 3:
            text = "\n".join(
                " ".join(rng.choice(WORDS.split(), 3)) for _ in range(rng.integers(1, 5))
            )
        mask = Image.new("L", page.colours.shape[1::-1])
        ImageDraw.Draw(mask).text(
            (width * 0.1, height * 0.2), text, 255, ImageFont.load_default(size)
        )
        page.blend(np.asarray(mask) / 255, colour)
    return page.file(), ""


F1 = (
    "ruled blue",
    "ruled grey",
    "squared 20",
    "squared 40",
    "squared 1200",
    "box away",
    "box tight",
    "circled",
)
KINDS = {
    "plain": plain, "ruled grey": ruled, "squared fine": squares(0.15, 0.3),
    "squared coarse": squares(0.4, 0.9), "boxed": boxed, "table cell": table_cell,
    "form row": form_row, "circled": circled, "underlined": underlined,
    "number on squares": number_on_squares, "touching pair": touching_pair,
    "chain of three": chain_of_three, "cropped": cropped,
    **{f"f1 {name}": f1(name) for name in F1}, "none": no_digit,
}  # fmt: skip


def made_pages(images, labels, kind: str, count: int, seed: int = SEED) -> list[tuple[bytes, str]]:
    """Return so many pages of a kind: (a file's bytes, the text a person reads)."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    return [KINDS[kind](Digits(images, labels, rng), rng) for _ in range(count)]


def main() -> None:
    """Print a row for each kind."""
    from digitlib.datasets import load_digits
    from digitlib.reading.recognizer import Recognizer

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="pages a kind")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    mnist, recognizer = load_digits("mnist"), Recognizer()
    total = np.zeros(4, int)
    for kind in options.kinds:
        pages = made_pages(mnist.test_images, mnist.test_labels, kind, options.count, options.seed)
        start = time.perf_counter()
        said = [recognizer.read(page) for page, _ in pages]
        spent = (time.perf_counter() - start) / len(pages)
        right = np.array(
            [r.text.replace("\n", "") == t for r, (_, t) in zip(said, pages, strict=True)]
        )
        sure = np.array([reading.confidence >= 0.9 for reading in said])
        counts = np.array([right.sum(), len(right), (sure & ~right).sum(), (sure & right).sum()])
        total += counts
        print(
            f"{kind:<20} {counts[0]:>4} of {counts[1]}, wrong and sure {counts[2]:>3}, "
            f"right and sure {counts[3]:>4}, {1000 * spent:.0f} ms",
            flush=True,
        )
    print(
        f"{'all':<20} {total[0]:>4} of {total[1]}, wrong and sure {total[2]}, "
        f"right and sure {total[3]}"
    )


if __name__ == "__main__":
    main()
