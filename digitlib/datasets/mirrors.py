"""MNIST's mirrors, and a download that trusts none of them."""

import contextlib
import gzip
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path

from digitlib.datasets import mnist
from digitlib.errors import reason

GZ_FILES = {f"{name}.gz": part for part, name in mnist.IDX_NAMES.items()}
MIRRORS = (  # each with the names of its files
    ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", ("mnist.npz",)),
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", tuple(GZ_FILES)),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", tuple(GZ_FILES)),
)
CONNECT_SECONDS, PROBE_SECONDS, STALL_SECONDS = 3, 6, 8
SLOWEST = 5_000  # bytes a second; a slower mirror, over STALL_SECONDS, has stalled
LARGEST = 20_000_000  # bytes of a download; MNIST's largest file has 11.5 million


def user_cache() -> Path | None:
    """Return the user's folder in which downloads are kept; None for a user without a home."""
    from platformdirs import user_cache_dir

    with contextlib.suppress(RuntimeError):  # neither HOME nor an account
        folder = Path(user_cache_dir("digitlib")) / "mnist"
        return folder if folder.is_absolute() else None
    return None


def download() -> mnist.Found:
    """Download MNIST from the first mirror that delivers it whole, and keep it in `user_cache`.

    An unreachable network costs PROBE_SECONDS at most; ``DIGITLIB_OFFLINE=1`` forbids the attempt.
    """
    offline = os.environ.get("DIGITLIB_OFFLINE", "")
    if offline.lower() not in ("", "0", "false", "no"):
        said = f"No download was tried, because DIGITLIB_OFFLINE is {offline}."
        return mnist.Found(None, "", [said])
    problems = []
    reachable, why = _reachable([base for base, _ in MIRRORS])
    if not reachable:
        problems.append(f"None of MNIST's mirrors could be reached: {why}.")
    fetched: dict[str, bytes] = {}  # what one mirror delivered whole, the next need not
    parts: mnist.Parts = {}
    for base, names in MIRRORS:
        if base not in reachable:
            continue
        try:
            for name in names:
                if name not in fetched:
                    content = _fetch(base + name)
                    parts |= _read(name, content)
                    fetched[name] = content
        except Exception as error:  # whatever a mirror does, the next one is asked
            problems.append(f"The mirror {base} failed: {type(error).__name__}.")
            continue
        cache = user_cache()
        if cache is None:
            problems.append("You have no home folder: MNIST is not kept.")
            return mnist.Found(parts, base, problems)
        try:
            _keep({name: fetched[name] for name in names}, cache)
        except OSError as error:
            problems.append(f"{cache} cannot be written to ({error.strerror}): MNIST is not kept.")
        return mnist.Found(parts, base, problems)
    return mnist.Found(None, "", problems)


def _read(name: str, content: bytes) -> mnist.Parts:
    """Return the parts that a file holds, once they are known to be MNIST's."""
    file = io.BytesIO(content)
    if name == "mnist.npz":
        return mnist.read_npz(file)
    part = GZ_FILES[name]
    return {part: mnist.read_idx(part, gzip.open(file))}


def _fetch(url: str) -> bytes:
    """Return what an address sends, in memory, so that a full disk costs no more than the keeping.

    Whether enough comes is watched from here, as a socket's timeout begins anew with every byte.
    """
    from tqdm import tqdm

    received = bytearray()
    # Without a standard error there is nowhere to draw.
    with tqdm(unit="B", unit_scale=True, ncols=80, disable=sys.stderr is None) as bar:
        receiving = _in_background(_receive, url, received, bar)
        before, seconds = 0, CONNECT_SECONDS + STALL_SECONDS
        while not wait([receiving], seconds).done:
            if len(received) - before < SLOWEST * STALL_SECONDS:
                raise TimeoutError("too little comes")
            before, seconds = len(received), STALL_SECONDS
    receiving.result()  # raises what went wrong there
    return bytes(received)


def _receive(url: str, received: bytearray, bar) -> None:
    """Append what an address sends to `received`, and move the progress bar."""
    import requests

    with requests.get(url, stream=True, timeout=(CONNECT_SECONDS, STALL_SECONDS)) as response:
        response.raise_for_status()
        length = response.headers.get("Content-Length", "")
        bar.total = int(length) if length.isdecimal() else None
        for piece in response.iter_content(8192):
            received.extend(piece)
            bar.update(len(piece))
            if len(received) > LARGEST:
                raise ValueError("no file of MNIST's is so large")


def _reachable(urls: list[str]) -> tuple[set[str], str]:
    """Return the addresses that answer anything at all within PROBE_SECONDS, and why others do not.

    Of several reasons, one is given: mirrors that fail together mostly fail for the same.
    """
    import requests

    asked = {_in_background(requests.head, url, timeout=CONNECT_SECONDS): url for url in urls}
    answered = wait(asked, PROBE_SECONDS).done
    errors = [error for reply in answered if (error := reply.exception()) is not None]
    why = _why(errors[0]) if errors else f"no answer within {PROBE_SECONDS} s"
    return {asked[reply] for reply in answered if reply.exception() is None}, why


def _why(error: BaseException) -> str:
    """Return why an address was not reached; requests' own texts fill a screen."""
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        return "their certificates are not trusted here"
    if isinstance(error, exceptions.ProxyError | exceptions.InvalidProxyURL):
        return "the proxy that is set (HTTPS_PROXY) does not let them through"
    if isinstance(error, exceptions.ConnectionError | exceptions.Timeout):
        return "there is no connection to the internet"
    return reason(error)


def _in_background(function: Callable, *args, **options) -> Future:
    """Call a function in a thread that may be left behind.

    Looking a name up without a network can hang for longer than anybody waits, and nothing in
    Python can interrupt it; a pool's threads would keep Python from exiting.
    """
    future: Future = Future()

    def run() -> None:
        try:
            future.set_result(function(*args, **options))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _keep(files: dict[str, bytes], cache: Path) -> None:
    """Write files into the cache, aside and then renamed: a name never stands for half a file."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache) as aside:
        for name, content in files.items():
            Path(aside, name).write_bytes(content)
        for name in files:
            os.replace(Path(aside, name), cache / name)
