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
STRANGE, LARGE, UNKNOWN, ENDLESS = 3, 4, 5, 6  # exit statuses; the last is of one that is killed
FAULTS = {
    STRANGE: "was refused: its weights are not plain numbers, or lie in other files.",
    LARGE: "is larger than any digit network; expected at most 100 MB.",
    UNKNOWN: "was refused: it computes what none of the plain layers that digitlib loads does.",
    ENDLESS: "is damaged: reading it never ends.",
}

# What LiteRT makes of plain layers, on floats alone; and of the shapes that go from one to another.
# Of these, none branches, loops or divides integers, and none makes an integer of a float. So what
# a network does to memory, time and control is the same for every image.
FLOAT_OPERATORS = {
    "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN",
    "REDUCE_MAX", "ADD", "SUB", "MUL", "DIV", "MINIMUM", "MAXIMUM", "ABS", "EXP", "LOG", "RELU",
    "RELU6", "LEAKY_RELU", "ELU", "GELU", "TANH", "LOGISTIC", "SOFTMAX", "CONCATENATION", "PAD",
    "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "DEQUANTIZE",
}  # fmt: skip
SHAPE_OPERATORS = {"SHAPE", "STRIDED_SLICE", "PACK", "RESHAPE"}


def check(path: Path, most_bytes: int, most_images: int) -> None:
    """Raise a ModelError unless another process can read a model file and, if LiteRT's, run it.

    The error leaves out the file's name. The model's arrays may have `most_bytes` in all, and it is
    given at most `most_images` at once.
    """
    from digitlib.errors import ModelError  # here, as the script has no digitlib

    command = [sys.executable, "-P", __file__, str(path), str(most_bytes), str(most_images)]
    none = subprocess.DEVNULL
    try:
        status = subprocess.call(command, stdin=none, stdout=none, stderr=none, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        status = ENDLESS
    if status != 0:
        raise ModelError(FAULTS.get(status, "is damaged: it cannot be opened and run."))


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


def is_plain(interpreter) -> bool:
    """Return whether a LiteRT network has only the operators listed above, in one graph."""
    import numpy as np

    floats = {t["index"] for t in interpreter.get_tensor_details() if t["dtype"] == np.float32}
    operators = interpreter._get_ops_details()  # no public way tells a network's operators
    computed = {tensor for operator in operators for tensor in operator["outputs"]}
    for operator in operators:
        ends = {*operator["inputs"], *operator["outputs"]} & computed  # the others are constants
        on_floats = operator["op_name"] in FLOAT_OPERATORS and ends <= floats
        if not on_floats and operator["op_name"] not in SHAPE_OPERATORS:
            return False
    return interpreter.num_subgraphs() == 1


def run_tflite(path: Path, most_images: int) -> int:
    """Run a LiteRT network on a few images, if it is plain; return an exit status.

    Room is made for as many images as may come at once.
    """
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
    entry = interpreter.get_input_details()[0]
    if tuple(entry["shape"][1:]) != (28, 28, 1) or entry["dtype"] != np.float32:
        return 0  # loading says what it takes
    if not is_plain(interpreter):
        return UNKNOWN
    for count in (most_images, FEW_IMAGES):
        interpreter.resize_tensor_input(entry["index"], (count, 28, 28, 1))
        interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], np.zeros((FEW_IMAGES, 28, 28, 1), np.float32))
    interpreter.invoke()
    return 0


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would take addresses
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    given, most_bytes, most_images = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if given.suffix == ".tflite":
        sys.exit(run_tflite(given, most_images))
    else:
        sys.exit(read_weights(given, most_bytes))
