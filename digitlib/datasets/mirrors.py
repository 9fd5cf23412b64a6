"""The mirrors from which MNIST may be downloaded, and how little is believed of what they send."""

import gzip
import hashlib
import io
import os
import tempfile
import threading
import time
from pathlib import Path

from digitlib.datasets import mnist

NPZ_FILES = {"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"}
_GZ_SHA256 = (  # of the four files as published, in the order of PARTS
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)
GZ_FILES = {
    f"{name}.gz": sha for name, sha in zip(mnist.IDX_NAMES.values(), _GZ_SHA256, strict=True)
}
MIRRORS = (
    ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", NPZ_FILES),
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", GZ_FILES),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", GZ_FILES),
)
CONNECT_SECONDS, PROBE_SECONDS, STALL_SECONDS = 3, 6, 8
SLOWEST = 5_000  # bytes a second; less, over STALL_SECONDS, is taken for a stall
LARGEST = 20_000_000  # bytes of a download; MNIST's largest file has 11.5 million


def download(problems: list[str]) -> tuple[mnist.Parts, str] | None:
    """Return MNIST's four parts from the first mirror that delivers them whole, or None.

    They are kept in `mnist.user_cache`, where that can be written to. A network that cannot be
    reached costs PROBE_SECONDS at most; ``DIGITLIB_OFFLINE=1`` forbids the attempt. `problems`
    is filled as in `mnist.find`.
    """
    if os.environ.get("DIGITLIB_OFFLINE") == "1":
        problems.append("No download was tried, because DIGITLIB_OFFLINE is 1.")
        return None
    reachable = _reachable([base for base, _ in MIRRORS])
    if not reachable:
        problems.append("None of MNIST's mirrors could be reached.")
    fetched: dict[str, bytes] = {}  # what one mirror delivered whole, the next need not
    for base, sums in MIRRORS:
        if base not in reachable:
            continue
        try:
            for name, sha256 in sums.items():
                if name not in fetched:
                    fetched[name] = _fetch(base + name, sha256)
            files = {name: fetched[name] for name in sums}
            parts = _unpacked(files)
        except Exception as error:  # whatever a mirror does, the next one is asked
            problems.append(f"The mirror {base} failed: {type(error).__name__}.")
            continue
        _keep(files, problems)
        return parts, base
    return None


def _unpacked(files: dict[str, bytes]) -> mnist.Parts:
    if "mnist.npz" in files:
        return mnist.read_npz(io.BytesIO(files["mnist.npz"]))
    return {
        part: mnist.read_idx(part, gzip.open(io.BytesIO(files[f"{name}.gz"])))
        for part, name in mnist.IDX_NAMES.items()
    }


def _fetch(url: str, sha256: str) -> bytes:
    """Return what an address sends, once it is known to be what was published.

    It goes to memory, so that a full disk costs no more than the keeping. A thread receives it,
    and is left behind if too little comes: a socket's timeout begins anew with every byte.
    """
    import requests
    from tqdm import tqdm

    received = bytearray()
    failures: list[Exception] = []

    def receive() -> None:
        try:
            timeout = (CONNECT_SECONDS, STALL_SECONDS)
            with requests.get(url, stream=True, timeout=timeout) as response:
                response.raise_for_status()
                length = response.headers.get("Content-Length", "")
                bar.total = int(length) if length.isdecimal() else None
                for chunk in response.iter_content(8192):
                    received.extend(chunk)
                    if len(received) > LARGEST:
                        raise ValueError("no file of MNIST's is so large")
        except Exception as error:
            failures.append(error)  # raised below, where somebody waits

    thread = threading.Thread(target=receive, daemon=True)
    with tqdm(unit="B", unit_scale=True, ncols=80) as bar:
        thread.start()
        before, look_again = 0, time.monotonic() + CONNECT_SECONDS + STALL_SECONDS
        while thread.is_alive():
            thread.join(0.1)
            bar.update(len(received) - bar.n)
            if thread.is_alive() and time.monotonic() > look_again:
                if len(received) - before < SLOWEST * STALL_SECONDS:
                    raise TimeoutError("too little comes")
                before, look_again = len(received), time.monotonic() + STALL_SECONDS
    if failures:
        raise failures[0]
    if hashlib.sha256(received).hexdigest() != sha256:
        raise ValueError("this is not the file that was published")
    return bytes(received)


def _keep(files: dict[str, bytes], problems: list[str]) -> None:
    """Write files into the cache; what cannot be kept there costs a sentence."""
    cache = mnist.user_cache()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Written aside and then renamed: half a file never goes by a whole one's name.
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache) as aside:
            for name, content in files.items():
                Path(aside, name).write_bytes(content)
            for name in files:
                os.replace(Path(aside, name), cache / name)
    except OSError as error:
        problems.append(f"{cache} cannot be written to ({error.strerror}): MNIST is not kept.")


def _reachable(urls: list[str]) -> set[str]:
    """Return the addresses that answer anything at all within PROBE_SECONDS.

    Asked side by side, in threads that may be left behind: looking a name up without a network
    can hang for longer than anybody waits, and nothing in Python can interrupt it.
    """
    import requests

    answered: set[str] = set()

    def probe(url: str) -> None:
        try:
            requests.head(url, timeout=CONNECT_SECONDS)
            answered.add(url)
        except requests.RequestException:
            pass

    threads = [threading.Thread(target=probe, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROBE_SECONDS / len(threads))
    return set(answered)
