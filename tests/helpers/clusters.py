"""Real Dask processes on loopback, and many small pictures, for test_scale.py."""

import contextlib
import io
import json
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

from digitlib.datasets.digits import load_digits
from digitlib.files import SAMPLES

SIDES = (28, 28, 28, 56, 140)


def make_pictures(folder: Path, count: int) -> list[str]:
    """Write pictures: digits at several sizes, a sample in a hundred, and one broken; list all."""
    images = load_digits().test_images
    samples = sorted(SAMPLES.glob("*.*g"))
    paths = []
    for i in range(count):
        path = folder / f"{i // 1000:03}" / f"{i:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if i % 100 == 1:
            path.write_bytes(samples[i // 100 % len(samples)].read_bytes())
        else:
            file = io.BytesIO()
            side = SIDES[i % len(SIDES)]
            Image.fromarray(images[i % len(images)]).resize((side, side)).save(file, "PNG")
            path.write_bytes(broken(file.getvalue(), i // 100) if i % 100 == 0 else file.getvalue())
        paths.append(str(path))
    return paths


def broken(content: bytes, i: int) -> bytes:
    """Return what is no picture: nothing, text, or half of one."""
    return (b"", b"no picture", content[: len(content) // 2])[i % 3]


@contextlib.contextmanager
def dask(folder: Path, workers: int, *options: str):
    """Run a scheduler and workers, as Dask's documentation starts them; yield address, workers."""
    note = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    with (folder / "dask.log").open("w") as log, contextlib.ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command], stdout=log, stderr=log, cwd=folder
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        start("scheduler", "--port", "0", "--scheduler-file", str(note), *local)
        end = time.monotonic() + 60
        while not note.exists() or not note.read_text():
            assert time.monotonic() < end, (folder / "dask.log").read_text()
            time.sleep(0.1)
        address = json.loads(note.read_text())["address"]
        worker = ["worker", address, "--nthreads", "1", "--no-nanny", *local, *options]
        yield address, [start(*worker) for _ in range(workers)]


def peak_megabytes(process: subprocess.Popen) -> float:
    """Return the most memory that a running process has had."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
