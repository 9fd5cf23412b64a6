"""A stranger's model file, first opened in a process of its own.

HDF5 and LiteRT are C and C++, and no `except` catches what a damaged file does to them. Of 20,000
HDF5 files cut or with a few bytes changed, 4 crashed HDF5 and 9 kept it busy for ever; of 300 such
LiteRT models, 65 crashed LiteRT 1.2, and of 20,000 none LiteRT 2.3. So a process that may be lost
reads all of a file before ours does. It is this file, run as a script, and needs no TensorFlow.
"""

import contextlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

SECONDS = 10  # reading a network takes a fraction of one
MEMORY = 2 << 30  # bytes of addresses; the shipped network takes a tenth of them
WEIGHTS = "model.weights.h5"
FEW_IMAGES, MOST_IMAGES = 2, 500
STRANGE, LARGE = 3, 4  # exit statuses
FAULTS = {
    STRANGE: "was refused: its weights are no plain numbers, or lie in other files.",
    LARGE: "is larger than any digit network; expected at most 100 MB.",
}


def fault(path: Path, most: int) -> str:
    """Return what is wrong with a model file, "" if nothing; `most` bytes may be in its arrays."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", __file__, path, str(most)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "is damaged: reading it takes for ever."
    if done.returncode == 0:
        return ""
    return FAULTS.get(done.returncode, "is damaged: it cannot be opened and run.")


def read_weights(path: Path, most: int) -> int:
    """Read all of an HDF5 file, or of the one in a `.keras` file; return an exit status.

    Arrays may lie in other files, be computed from them, or be declared larger than any memory;
    a network's are numbers that lie where they are.
    """
    import h5py
    import numpy as np

    source: Path | io.BytesIO = path
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(archive.read(WEIGHTS))
    total = 0

    def read(name, part):
        nonlocal total
        list(part.attrs.items())
        if isinstance(part, h5py.Dataset):
            if part.external or part.is_virtual or part.dtype.kind not in "biuf":
                return STRANGE
            total += part.nbytes
            if total > most:
                return LARGE
            if not np.all(np.isfinite(part[()])):
                return STRANGE
        return None

    with h5py.File(source, "r") as file:
        list(file.attrs.items())
        links = file.id.links
        if links.visit(lambda name, link: link.type != h5py.h5l.TYPE_HARD or None, info=True):
            return STRANGE
        return file.visititems(read) or 0


def run_tflite(path: Path) -> None:
    """Run a LiteRT network on a few images, and make room for as many as are ever read at once."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    entry = interpreter.get_input_details()[0]
    if tuple(entry["shape"][1:]) != (28, 28, 1) or entry["dtype"] != np.float32:
        return  # loading says which it takes
    for count in (MOST_IMAGES, FEW_IMAGES):
        interpreter.resize_tensor_input(entry["index"], (count, 28, 28, 1))
        interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], np.zeros((FEW_IMAGES, 28, 28, 1), np.float32))
    interpreter.invoke()


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would take addresses
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    given = Path(sys.argv[1])
    if given.suffix == ".tflite":
        run_tflite(given)
    else:
        sys.exit(read_weights(given, int(sys.argv[2])))
