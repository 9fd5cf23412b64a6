"""How fast pictures are read, beside the way of most tutorials; called by reading.py.

The tutorial's way: import TensorFlow, load an .h5, resize with Pillow, predict.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from digitlib.app.answers import answer
from digitlib.reading.recognizer import Recognizer

ROUNDS = 9
RECOGNIZER = Recognizer()
HERE = Path(__file__).parent


def run(command: list[str]) -> tuple[float, float, str]:
    """Return wall seconds, peak memory in MB and the output of a command."""
    launched = subprocess.run(
        [sys.executable, HERE / "measured.py", *command], stdout=subprocess.PIPE, check=True
    )
    seconds, peak, output, status = json.loads(launched.stdout)
    if status:
        raise RuntimeError(f"{command[:4]} failed with {status}")
    return seconds, peak, output


def save_h5(path: Path) -> None:
    """Save the classic network as the .h5 that the tutorial's way loads."""
    code = (  # in another process: this one stays small, without TensorFlow
        "import sys; from digitlib.models.backend import keras;"
        "from digitlib.files import PRETRAINED;"
        "keras.models.load_model(PRETRAINED / 'classic.keras').save(sys.argv[1])"
    )
    run([sys.executable, "-c", code, str(path)])


def seconds_in_the_page(content: bytes) -> float:
    """Return how long the uploader's answer takes, from a file's content to what is shown."""
    start = time.perf_counter()
    answer({"kind": "read", "picture": True}, content, RECOGNIZER, "my_digits")
    return time.perf_counter() - start


def print_rows(folder: Path, images: np.ndarray) -> None:
    """Print cold starts and the reading of many files, each against the tutorial's way."""
    model = folder / "model.h5"
    save_h5(model)
    small, photo = folder / "small.png", folder / "photo.jpg"
    Image.fromarray(images[0]).save(small)
    rng = np.random.default_rng(0)
    page = rng.normal(215, 6, (3000, 4000, 3))
    ink = np.asarray(Image.fromarray(images[0]).resize((1200, 1200), Image.Resampling.BICUBIC))
    page[900:2100, 1400:2600] -= ink[..., None] * 0.7
    Image.fromarray(np.uint8(np.clip(page, 0, 255))).save(photo, quality=88)
    digitlib = [sys.executable, "-m", "digitlib", "predict"]
    tutorial = [sys.executable, str(HERE / "tutorial_way.py")]
    for name, picture in (("one 28 x 28 PNG", small), ("one 12-megapixel JPEG", photo)):
        ours, theirs = [], []
        for _ in range(ROUNDS):  # in turns, as the machine's load changes
            ours.append(run([*digitlib, str(picture)])[:2])
            theirs.append(run([*tutorial, str(model), str(picture)])[:2])
        wall, memory = (statistics.median(x) for x in zip(*ours, strict=True))
        their_wall, their_memory = (statistics.median(x) for x in zip(*theirs, strict=True))
        print(
            f"cold, {name}: {wall:.2f} s and {memory:.0f} MB, tutorial's way {their_wall:.2f} s "
            f"and {their_memory:.0f} MB: {their_wall / wall:.1f} and {their_memory / memory:.1f} "
            "times as much"
        )
    times = [seconds_in_the_page(photo.read_bytes()) for _ in range(ROUNDS)]
    print(f"in the page, one 12-megapixel JPEG: {1000 * statistics.median(times):.0f} ms")
    many = folder / "many"
    many.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(many / f"{i:05}.png")
    wall = run([*digitlib, "--json", str(many)])[0]
    script = [sys.executable, str(HERE / "one_by_one.py"), str(model), str(many)]
    one, batched = (float(run([*script, how])[2]) for how in ("one", "batched"))
    print(
        f"{len(images):,} files in one command: {wall:.1f} s, start included; Keras one by one "
        f"{one:.1f} s, {one / wall:.1f} times as long (batched Keras: {batched:.1f} s; both "
        "without TensorFlow's import)"
    )
