"""Where the files that ship with digitlib lie, and small helpers that every room may use."""

import contextlib
import functools
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

PRETRAINED = Path(__file__).parent / "pretrained"
SHIPPED_MODEL = PRETRAINED / "reader.tflite"
OUT_OF_FOLD = PRETRAINED / "out_of_fold.npz"  # data/make_out_of_fold.py
SAMPLES = Path(__file__).parent / "samples"  # data/make_samples.py

# Where Linux says how much processor time a container may have in a period: cgroups 2, and 1.
CGROUPS = Path("/sys/fs/cgroup")
CPU_QUOTAS = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))

# The address that pip installs digitlib from, as long as no package index has it.
REPOSITORY = "https://github.com/Panda1304/Handwritten-Digits-Recognition"

# The same digit has the same colour everywhere: P. Tol's "muted" scheme (SRON technical note
# 09-002, 2021), which colour-blind readers can tell apart, and a grey.
DIGIT_COLOURS = (
    "#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE",
    "#882255", "#44AA99", "#999933", "#AA4499", "#777777",
)  # fmt: skip


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra of digitlib; cmd.exe takes no single quotes.

    >>> how_to_install("train")
    'pip install "digitlib[train] @ git+https://github.com/Panda1304/Handwritten-Digits-Recognition"'
    """
    return f'pip install "digitlib[{extra}] @ git+{REPOSITORY}"'


def usable_cores() -> int:
    """Return how many processors this process may use: fewer than there are, in a container."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    for names in CPU_QUOTAS:
        with contextlib.suppress(OSError, ValueError):  # not this version, or no limit: "max"
            quota, period = " ".join((CGROUPS / name).read_text() for name in names).split()
            if int(quota) > 0:  # -1: no limit
                cores = min(cores, max(1, int(quota) // int(period)))
    return cores


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder, and rename what was written there to `path`.

    So a file appears whole or not at all, whatever happens while it is written. It is on the disk
    before it has its name: after a loss of power, `path` is the new file or what it was before.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb+") as file:  # Windows syncs only what may be written to
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def children_deaf_to_control_c() -> Iterator[None]:
    """Let processes that start meanwhile ignore Control-C, which their parent answers for them.

    A terminal sends it to all of them, and each would print a traceback.
    """
    if threading.current_thread() is not threading.main_thread():  # no other one may change this
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def shared_by_threads(
    change: Callable[[], contextlib.AbstractContextManager],
) -> Callable[[], contextlib.AbstractContextManager]:
    """Let threads be side by side in a context that changes the whole process.

    The first to come in makes the change, and the last to go undoes it. Otherwise a thread would
    take for the original what another one had changed, and put that back for good.
    """
    lock, undo, inside = threading.Lock(), contextlib.ExitStack(), 0

    @contextlib.contextmanager
    def shared() -> Iterator[None]:
        nonlocal inside
        with lock:
            if inside == 0:
                undo.enter_context(change())
            inside += 1
        try:
            yield
        finally:
            with lock:
                inside -= 1
                if inside == 0:
                    undo.close()

    return functools.wraps(change)(shared)


@shared_by_threads
@contextlib.contextmanager
def quiet_native() -> Iterator[None]:
    """Discard what is written to file descriptor 2, where C++ libraries write past Python."""
    try:
        kept = os.dup(2)
    except OSError:  # a program without a standard error has nothing to discard
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


@shared_by_threads
@contextlib.contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore Python's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
