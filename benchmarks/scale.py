"""How many pictures a second, and where the time goes: `python benchmarks/scale.py`.

Small pictures are MNIST's test images as PNG, 28 x 28; photos are made-up pages of 1,632 x 1,224
pixels as JPEG. First each step alone, in this process; then whole runs of `digitlib predict
--output` with one worker and with two, in turns; then what a billion pictures would cost.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import rendering
from PIL import Image

from digitlib.bulk.predict import local_cluster, predict_to
from digitlib.datasets.digits import load_digits
from digitlib.reading.imaging import prepare
from digitlib.reading.pictures import open_picture
from digitlib.reading.recognizer import BATCH, Recognizer

DIFFERENT_PHOTOS = 100  # the rest are copies: drawing them takes longer than reading them
PHOTO = (1632, 1224)
ROUNDS = 3


def write_small(folder: Path, images: np.ndarray, count: int) -> None:
    """Write images as PNG files."""
    for i in range(count):
        Image.fromarray(images[i % len(images)]).save(folder / f"{i:06}.png")


def write_photos(folder: Path, images: np.ndarray, count: int) -> None:
    """Write made-up photos of two megapixels as JPEG files."""
    rng = np.random.default_rng(0)
    contents = []
    for image in images[: min(count, DIFFERENT_PHOTOS)]:
        page = Image.open(io.BytesIO(rendering.single(image, rng))).convert("RGB")
        file = io.BytesIO()
        page.resize(PHOTO, Image.Resampling.BICUBIC).save(file, "JPEG", quality=88)
        contents.append(file.getvalue())
    for i in range(count):
        (folder / f"{i:06}.jpg").write_bytes(contents[i % len(contents)])


def steps(folder: Path) -> tuple[dict[str, float], float]:
    """Return the processor seconds a picture of each step, and its bytes."""
    paths = sorted(folder.iterdir())[:2000]
    recognizer, spent = (
        Recognizer(),
        dict.fromkeys(("reading", "decoding", "imaging", "network"), 0),
    )
    recognizer.read(paths[0])
    for i in range(0, len(paths), BATCH):
        times = [time.process_time()]
        contents = [path.read_bytes() for path in paths[i : i + BATCH]]
        times.append(time.process_time())
        pictures = [open_picture(content) for content in contents]
        times.append(time.process_time())
        lines = [prepare(picture).lines for picture in pictures]
        times.append(time.process_time())
        recognizer.read_lines(lines)
        times.append(time.process_time())
        for step, seconds in zip(spent, np.diff(times), strict=True):
            spent[step] += seconds
    size = statistics.mean(path.stat().st_size for path in paths)
    return {step: seconds / len(paths) for step, seconds in spent.items()}, size


def run_rates(folder: Path, scratch: Path) -> dict[int, list[float]]:
    """Return pictures a second of whole runs, for one worker and for two, in turns."""
    count, rates = len(list(folder.iterdir())), {1: [], 2: []}
    for turn in range(ROUNDS):
        for workers in rates:
            with local_cluster(workers) as cluster:
                address, name = cluster.scheduler_address, f"{folder.name}-{turn}-{workers}"
                warm = [str(path) for path in sorted(folder.iterdir())[:32]]
                predict_to(scratch / f"{name}-warm.parquet", warm, scheduler=address)
                start = time.perf_counter()
                predict_to(scratch / f"{name}.parquet", [str(folder)], scheduler=address)
                rates[workers].append(count / (time.perf_counter() - start))
    return rates


def report(name: str, folder: Path, scratch: Path, price: float) -> None:
    """Print the rows of one kind of picture."""
    spent, size = steps(folder)
    total = sum(spent.values())
    shares = ", ".join(f"{step} {seconds / total:.0%}" for step, seconds in spent.items())
    print(f"{name}: {1000 * total:.2f} ms of a core a picture, {1 / total:.0f} a second a core")
    print(f"  of it {shares}; {size / 1000:.1f} kB a picture", flush=True)
    rates = run_rates(folder, scratch)
    one, two = (statistics.median(rates[n]) for n in (1, 2))
    ratio = statistics.median(b / a for a, b in zip(rates[1], rates[2], strict=True))
    print(
        f"  whole runs: {one:.0f} a second with one worker, {two:.0f} with two: {ratio:.2f} times"
    )
    hours = 1e9 / one / 3600
    print(
        f"  a billion: 1e9 / {one:.0f} / 3600 = {hours:,.0f} core-hours; at {price} a core-hour "
        f"{hours * price:,.0f}; {size * 1e9 / 1e12:.1f} TB read; 100 cores take "
        f"{hours / 100 / 24:.1f} days",
        flush=True,
    )


def main() -> None:
    """Make the pictures, and print both reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=10_000, metavar="N", help="small pictures")
    parser.add_argument("--photos", type=int, default=1_000, metavar="N")
    parser.add_argument(
        "--price", type=float, default=0.04, help="of a core-hour, in your currency"
    )
    options = parser.parse_args()
    images = load_digits("mnist").test_images
    print(f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as scratch:
        for name, write, count in (
            ("28 x 28 PNG", write_small, options.small),
            ("2-megapixel JPEG", write_photos, options.photos),
        ):
            folder = Path(scratch) / name.replace(" ", "")
            folder.mkdir()
            write(folder, images, count)
            report(name, folder, Path(scratch), options.price)


if __name__ == "__main__":
    main()
