"""How well and how fast digitlib reads: `python benchmarks/reading.py [--pictures FOLDER]`.

Prints every row that the README quotes about reading, each rate with its Wilson interval at 95 %,
how many digits are right (1 - edit distance / digits, averaged over pictures), and of how many
pictures, wrong and right, the reader is at least 90 % sure. FOLDER holds a labels.csv with the
columns path, text, kind and writer, so that anybody can score pictures of their own. With --peers,
other readers read folders and made-up pages too (`peers.py`). Needs MNIST, and scikit-image.
Made-up pictures follow from a seed.
"""

import argparse
import csv
import functools
import io
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pages
import peers
import rendering
import speed
from confidence import calibration_error
from PIL import Image, ImageDraw, ImageFont

from digitlib.datasets.digits import load_digits
from digitlib.evaluation import wilson_interval
from digitlib.reading.recognizer import Recognizer

SEED = 20260101
SURE = 0.9  # who says so should be right
HARD = "form row", "touching pair", "chain of three", "none"  # kinds, for calibration


def read(recognizer: Recognizer, pictures) -> list[peers.Answer]:
    """Return text (lines run together) and confidence of each picture."""
    results = []
    for result in recognizer.read_many(pictures):
        if result.error:
            raise result.error
        results.append((result.reading.text.replace("\n", ""), result.reading.confidence))
    return results


def print_rate(name: str, answers: Sequence[peers.Answer], texts) -> list[tuple[bool, float]]:
    """Print how much was read right; return right or wrong, and confidence, of each picture."""
    judged = [(said == text, sure) for (said, sure), text in zip(answers, texts, strict=True)]
    right, total = sum(right for right, _ in judged), len(judged)
    low, high = wilson_interval(right, total)
    digits = [
        1 - peers.edit_distance(said, text) / len(text)
        for (said, _), text in zip(answers, texts, strict=True)
        if text
    ]
    sure = [sum(is_right == kind and c >= SURE for is_right, c in judged) for kind in (False, True)]
    print(
        f"{name:<52} {right:>6} of {total:>6}  {right / total:7.2%}  [{low:.2%}, {high:.2%}]  "
        + (f"digits {np.mean(digits):7.2%}  " if digits else f"{'':<16}")
        + f"sure: wrong {sure[0]}, right {sure[1]}",
        flush=True,
    )
    return judged


def score(name: str, recognizer: Recognizer, pictures, texts) -> list[tuple[bool, float]]:
    """Print the rate of pictures read right; return right or wrong, and confidence, of each."""
    return print_rate(name, read(recognizer, pictures), list(texts))


def score_folder(reader: peers.Reader, folder: Path, who: str) -> list[tuple[bool, float]]:
    """Print rates by kind and by writer; return those of the single digits."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    answers = reader([folder / r["path"] for r in rows])
    kinds, writers, judged = defaultdict(list), defaultdict(list), []
    for r, answer in zip(rows, answers, strict=True):
        kinds[r["kind"]].append((answer, r["text"]))
        writers[r["writer"]].append(answer[0] == r["text"])
    for kind, members in kinds.items():
        result = print_rate(f"{folder.name}: {kind} {who}", *zip(*members, strict=True))
        if all(len(text) == 1 for _, text in members):
            judged += result
    rates = [np.mean(right) for right in writers.values()]
    name = f"{folder.name}: by writer {who}"
    print(
        f"{name:<52} mean {np.mean(rates):.2%}, all read right for "
        f"{sum(rate == 1 for rate in rates)} of {len(rates)}, lowest {min(rates):.0%}"
    )
    return judged


def score_pages(readers: dict[str, peers.Reader], images, labels, count: int) -> None:
    """Print each reader's rates on made-up pages, so many of each kind, and its calibration."""
    judged: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for kind in pages.KINDS:
        files, texts = zip(*pages.made_pages(images, labels, kind, count), strict=True)
        for who, reader in readers.items():
            rated = print_rate(f"made-up: {kind} {who}", reader(files), texts)
            judged[who][kind] = np.array(rated, float)
    for who, kinds in judged.items():
        every, hard = (
            calibration_error(*np.concatenate([kinds[kind] for kind in some]).T)
            for some in (kinds, HARD)
        )
        name = f"made-up: calibration error {who}"
        print(f"{name:<52} {every:.4f}; of {', '.join(HARD)} alone {hard:.4f}")


def score_rendered(recognizer: Recognizer, images, labels) -> list[tuple[bool, float]]:
    """Score 1,000 single digits and 200 numbers on made-up photos."""
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(labels), 1000, replace=False)
    pictures = [rendering.single(images[i], rng) for i in chosen]
    texts = [str(labels[i]) for i in chosen]
    judged = score("rendered: single digits", recognizer, pictures, texts)
    pictures, texts = [], []
    for _ in range(200):
        chosen = rng.integers(0, len(labels), rng.integers(2, 9))
        pictures.append(rendering.number(images[chosen], rng))
        texts.append("".join(str(labels[i]) for i in chosen))
    score("rendered: numbers of 2 to 8 digits", recognizer, pictures, texts)
    return judged


def without_digits(rng: np.random.Generator) -> list[np.ndarray]:
    """Return 500 crops of photographs and textures, and blank pages."""
    import skimage.data
    from sklearn.datasets import load_sample_images

    names = ("astronaut", "camera", "chelsea", "coffee", "coins", "cat", "rocket", "moon", "horse")
    names += ("hubble_deep_field", "immunohistochemistry", "retina", "brick", "grass", "gravel")
    photographs = [getattr(skimage.data, name)() for name in names]
    photographs = [np.uint8(p * 255) if p.dtype == bool else p for p in photographs]
    photographs += load_sample_images().images
    crops = []
    for i in range(440):
        photograph = photographs[i % len(photographs)]
        height, width = (int(rng.integers(48, min(400, n) + 1)) for n in photograph.shape[:2])
        top = int(rng.integers(0, photograph.shape[0] - height + 1))
        left = int(rng.integers(0, photograph.shape[1] - width + 1))
        crops.append(photograph[top : top + height, left : left + width])
    for _ in range(60):
        height, width = rng.integers(60, 500, 2)
        y, x = np.mgrid[0:height, 0:width]
        light = 1 - rng.uniform(0, 0.5) * np.hypot(y / height - rng.random(), x / width)
        page = rng.uniform(60, 250, 3) * light[..., None]
        page = page + rng.normal(0, rng.uniform(0, 8), page.shape)
        crops.append(np.uint8(np.clip(page, 0, 255)))
    return crops


def score_mnist_files(recognizer: Recognizer, images, labels) -> None:
    """Score MNIST's test images, written as PNG files and read as pictures."""
    pictures = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        pictures.append(file.getvalue())
    score("MNIST's test images as PNG", recognizer, pictures, [str(n) for n in labels])


def score_printed(recognizer: Recognizer) -> None:
    """Score digits and signs in the text fonts that matplotlib bundles."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [p for p in sorted(folder.glob("*.ttf")) if p.stem.startswith("DejaVu")]
    fonts += [
        folder / f"{name}.ttf" for name in ("STIXGeneral", "STIXGeneralBol", "cmr10", "cmb10")
    ]
    fonts = [font for font in fonts if "Display" not in font.stem]

    def printed(character, font):
        image = Image.new("L", (120, 140), 255)
        face = ImageFont.truetype(str(font), 90)
        ImageDraw.Draw(image).text((60, 70), character, 0, face, anchor="mm")
        return np.asarray(image)

    for name, characters in (("digits", "0123456789"), ("A, K, M, W, +, = rejected", "AKMW+=")):
        pictures = [printed(c, font) for font in fonts for c in characters]
        texts = [c if c.isdigit() else "" for _ in fonts for c in characters]
        score(f"printed, {len(fonts)} fonts: {name}", recognizer, pictures, texts)


def print_confidence(judged: list[tuple[bool, float]]) -> None:
    """Print whether confidence can be believed, over single-digit pictures."""
    right = np.array([r for r, _ in judged])
    sure = np.clip([s for _, s in judged], 1e-6, 1 - 1e-6)
    likelihood = -np.mean(np.where(right, np.log(sure), np.log(1 - sure)))
    rate = right.mean()
    constant = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate)) if rate < 1 else 0.0
    least = np.argsort(sure, kind="stable")[: len(sure) // 20]
    bins = np.minimum((sure * 15).astype(int), 14)
    error = sum(
        abs(right[bins == b].mean() - sure[bins == b].mean()) * np.mean(bins == b)
        for b in np.unique(bins)
    )
    print(
        f"confidence, {len(right)} single digits: negative log-likelihood {likelihood:.4f} "
        f"(constant: {constant:.4f}), wrong among the 5 % least confident: "
        f"{(~right[least]).sum()} of {(~right).sum()}, calibration error {error:.4f}"
    )


def main() -> None:
    """Print all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder with a labels.csv")
    parser.add_argument("--pages", type=Path, help="another, of harder pictures")
    parser.add_argument("--count", type=int, default=200, help="made-up pages of each kind")
    parser.add_argument(
        "--peers", action="store_true", help="folders and made-up pages, by other readers too"
    )
    parser.add_argument("--model", help="a saved network; else the shipped one")
    parser.add_argument("--no-speed", action="store_true", help="leave the timings out")
    options = parser.parse_args()
    recognizer = Recognizer(options.model)
    mnist = load_digits("mnist")
    ours = functools.partial(read, recognizer)
    readers = {"digitlib": ours} | peers.readers() if options.peers else {"": ours}
    judged = []
    for who, reader in readers.items():
        if options.pictures:
            judged += score_folder(reader, options.pictures, who)
        if options.pages:
            score_folder(reader, options.pages, who)
    score_pages(readers, mnist.test_images, mnist.test_labels, options.count)
    if options.peers:
        return
    judged += score_rendered(recognizer, mnist.test_images, mnist.test_labels)
    crops = without_digits(np.random.default_rng(SEED))
    score("no digit: crops of photographs, blank pages", recognizer, crops, [""] * len(crops))
    score_mnist_files(recognizer, mnist.test_images, mnist.test_labels)
    from sklearn.datasets import load_digits as load_bundled

    bundled = load_bundled()
    score(
        "scikit-learn's digits, 8 x 8", recognizer, list(bundled.images), map(str, bundled.target)
    )
    score_printed(recognizer)
    print_confidence(judged)
    if not options.no_speed:
        with tempfile.TemporaryDirectory() as folder:
            speed.print_rows(Path(folder), mnist.test_images)


if __name__ == "__main__":
    main()
