"""A stranger's model file, first opened in a process of its own.

HDF5 and LiteRT are C and C++, and no `except` catches what a damaged file does to them. Of 20,000
HDF5 files cut or with a few bytes changed, 4 crashed HDF5 and 9 kept it busy without end; of 300
such LiteRT models, 65 crashed LiteRT 1.2, and of 20,000 none LiteRT 2.3. So a process that may be
lost reads all of a file before ours does. It runs this file as a script, which needs neither
digitlib nor TensorFlow.
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
FEW_IMAGES = 2  # that a LiteRT network is run on
STRANGE, LARGE, ENDLESS = 3, 4, 5  # exit statuses; the last is given to a process that is killed
FAULTS = {
    STRANGE: "was refused: its weights are not plain numbers, or lie in other files.",
    LARGE: "is larger than any digit network; expected at most 100 MB.",
    ENDLESS: "is damaged: reading it never ends.",
}


def check(path: Path, most_bytes: int, most_images: int) -> None:
    """Raise a ModelError unless another process can read a model file and, if LiteRT's, run it.

    Its arrays may have `most_bytes` in all, and it is given at most `most_images` at once.
    """
    from digitlib.errors import ModelError, display_name  # here, as the script has no digitlib

    command = [sys.executable, "-P", __file__, str(path), str(most_bytes), str(most_images)]
    none = subprocess.DEVNULL
    try:
        status = subprocess.call(command, stdin=none, stdout=none, stderr=none, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        status = ENDLESS
    if status != 0:
        fault = FAULTS.get(status, "is damaged: it cannot be opened and run.")
        raise ModelError(f"{display_name(path)} {fault}")


def read_weights(path: Path, most_bytes: int) -> int:
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

    def read(name: str, part: h5py.Group | h5py.Dataset) -> int | None:
        nonlocal total
        list(part.attrs.items())
        if isinstance(part, h5py.Dataset):
            if part.external or part.is_virtual or part.dtype.kind not in "biuf":
                return STRANGE
            total += part.nbytes
            if total > most_bytes:
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


def run_tflite(path: Path, most_images: int) -> None:
    """Run a LiteRT network on a few images, and make room for as many as may come at once."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    entry = interpreter.get_input_details()[0]
    if tuple(entry["shape"][1:]) != (28, 28, 1) or entry["dtype"] != np.float32:
        return  # loading says what it takes
    for count in (most_images, FEW_IMAGES):
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
    given, most_bytes, most_images = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if given.suffix == ".tflite":
        run_tflite(given, most_images)
    else:
        sys.exit(read_weights(given, most_bytes))
