"""Downloads from bad mirrors, at once, killed, onto full disks: MNIST, or the stand-in."""

import contextlib
import hashlib
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bad_mirrors import BAD, serve

from digitlib.datasets import digits as datasets
from digitlib.datasets import mirrors, mnist

LONGEST = 10  # seconds for a download, with the short timeouts below
GZ = [f"{name}.gz" for name in mnist.IDX_NAMES.values()]


def kept():
    """Return MNIST as it is found on this machine, or None."""
    return mnist.find(mirrors.user_cache()).parts


def right(parts):
    return {part: mnist.digest(parts[part]) for part in mnist.PARTS} == mnist.MNIST_SHA256


@pytest.mark.parametrize("said", ["1", "true", "yes"])
def test_offline_forbids_the_download(nowhere, monkeypatch, said):
    monkeypatch.setenv("DIGITLIB_OFFLINE", said)
    parts, _, problems = mirrors.download()
    assert parts is None and problems == [
        f"No download was tried, because DIGITLIB_OFFLINE is {said}."
    ]


@pytest.fixture
def server(small_mnist, write_idx, nowhere, monkeypatch):
    """Serve both forms of MNIST; `use` says from which mirrors, in which order, and which form."""
    write_idx(small_mnist, nowhere / "served")
    keras_names = {mnist.KERAS_NAMES[part]: array for part, array in small_mnist.items()}
    np.savez(nowhere / "served" / "mnist.npz", **keras_names)
    files = {path.name: path.read_bytes() for path in (nowhere / "served").iterdir()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    forms = {"gz": GZ, "npz": ["mnist.npz"]}
    monkeypatch.delenv("DIGITLIB_OFFLINE")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, seconds in dict(CONNECT=0.5, PROBE=1, STALL=0.5).items():
        monkeypatch.setattr(mirrors, f"{name}_SECONDS", seconds)

    def use(*wanted):
        used = tuple((f"{server.base}/{how}/", forms[form]) for how, form in wanted)
        monkeypatch.setattr(mirrors, "MIRRORS", used)

    with serve(files) as server:
        server.use, server.sums, server.spared = use, sums, set(GZ) - {GZ[2]}
        yield server


def whole(server):
    """Return the names in the cache; what has a file's name has to be the whole file."""
    paths = [path for path in mirrors.user_cache().glob("*") if path.is_file()]
    for path in paths:
        known = server.sums.get(path.name)
        assert known in (None, hashlib.sha256(path.read_bytes()).hexdigest()), path.name
    return sorted(path.name for path in mirrors.user_cache().glob("*"))


def test_no_network_is_quick_and_said(server, monkeypatch):
    nobody = (("http://127.0.0.1:9/", ()), ("http://127.0.0.1:1/", ()))
    monkeypatch.setattr(mirrors, "MIRRORS", nobody)
    start = time.monotonic()
    parts, _, problems = mirrors.download()
    assert time.monotonic() - start < LONGEST
    assert parts is None and problems == [
        "None of MNIST's mirrors could be reached: there is no connection to the internet."
    ]


def test_a_stale_certificate_setting_is_said_in_a_line(server, monkeypatch, capsys):
    monkeypatch.setattr(mirrors, "MIRRORS", (("https://127.0.0.1:9/", ()),))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/ca.pem")
    assert datasets.load_digits("auto").name == "UCI digits"
    said = capsys.readouterr().err.splitlines()
    [line] = [line for line in said if "ca.pem" in line]
    assert line.startswith("None of MNIST's mirrors could be reached: Could not find a suitable")
    assert len(said) == 10


def test_a_dead_proxy_and_a_strange_certificate_are_named():
    from requests import exceptions

    assert "proxy" in mirrors._why(exceptions.ProxyError("long"))
    assert "certificates" in mirrors._why(exceptions.SSLError("long"))


@pytest.fixture
def no_home(monkeypatch):
    """A user that the system does not know, without HOME, as containers have them."""
    import pwd

    def unknown(user):
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME")


def test_an_unknown_user_without_home_has_the_stand_in(nowhere, no_home, capsys):
    assert mirrors.user_cache() is None
    assert datasets.load_digits("auto").name == "UCI digits"
    assert "NOTICE" in capsys.readouterr().err


def test_an_unknown_user_without_home_has_a_download_that_is_not_kept(server, no_home, capsys):
    server.use(("good", "gz"))
    assert right(vars(datasets.load_digits("mnist")))
    assert "You have no home folder: MNIST is not kept." in capsys.readouterr().err


def test_a_download_without_a_standard_error(server, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    server.use(("good", "npz"))
    assert right(vars(datasets.load_digits("mnist")))


@pytest.mark.parametrize("how", BAD)
def test_a_bad_mirror(how, server, capsys):
    server.use((how, "gz"), ("good", "npz"))
    start = time.monotonic()
    digits = datasets.load_digits("auto")
    assert digits.name == "MNIST" and right(vars(digits)) and digits.source.endswith("/good/")
    assert ("failed" in capsys.readouterr().err) == (how != "dead")
    assert set(whole(server)) <= set(server.sums)
    shutil.rmtree(mirrors.user_cache())
    server.use((how, "npz"))
    assert datasets.load_digits("auto").name == "UCI digits"
    assert "NOTICE" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="MNIST could not be had"):
        datasets.load_digits("mnist")
    assert time.monotonic() - start < 3 * LONGEST and server.sent < 300_000_000
    assert kept() is None and whole(server) == []
    server.use(("good", "gz"))
    assert right(vars(datasets.load_digits("mnist")))
    assert right(kept()) and whole(server) == sorted(GZ)


@pytest.mark.parametrize("how", ["good", "moved"])
@pytest.mark.parametrize("form", ["gz", "npz"])
def test_a_good_mirror(how, form, server):
    server.use((how, form))
    parts, source, problems = mirrors.download()
    assert right(parts) and source.endswith(f"/{how}/") and not problems
    server.use()
    assert right(kept()), "the download is kept for the next time"


# What a process of its own does. The first argument makes this test's small arrays count there.
CHILD = """
import pickle, sys
from digitlib.datasets import digits as datasets, mirrors, mnist
mirrors.MIRRORS, settings = pickle.loads(bytes.fromhex(sys.argv[1]))
for name, value in settings.items():
    setattr(mnist, name, value)
exec(sys.argv[2])
print(datasets.dataset_digest(datasets.load_digits("mnist")))
"""
DIE_AT_20_KB = """
import resource, signal
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
"""


def child(first=""):
    settings = {name: getattr(mnist, name) for name in ("SHAPES", "MNIST_SHA256", "CHECKOUT")}
    given = pickle.dumps((mirrors.MIRRORS, settings)).hex()
    command = [sys.executable, "-c", CHILD, given, first]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def succeeds(process):
    out, err = process.communicate(timeout=60)
    joined = "".join(mnist.MNIST_SHA256.values()).encode()
    return out.strip() == hashlib.sha256(joined).hexdigest() and "Traceback" not in err


@pytest.mark.parametrize("number", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_downloads_at_once(number, server):
    server.use(("together", "gz"))
    server.barrier = threading.Barrier(number)  # none gets the third file before all want it
    processes = [child("mirrors.STALL_SECONDS = 60") for _ in range(number)]
    assert all([succeeds(process) for process in processes])
    assert right(kept()) and whole(server) == sorted(GZ)


def next_run_succeeds(server):
    whole(server)
    server.use(("good", "gz"))
    assert kept() is None
    assert succeeds(child()) and right(kept())
    whole(server)


def test_killed_while_the_mirror_stalls(server):
    server.use(("half, then nothing", "gz"))
    process = child("mirrors.STALL_SECONDS = 60")
    assert server.kept_waiting.wait(60)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    next_run_succeeds(server)


def test_killed_in_the_middle_of_a_write(server):
    server.use(("good", "gz"))
    process = child(DIE_AT_20_KB)
    assert process.wait(60) == -signal.SIGXFSZ
    assert any(path.stat().st_size == 20_000 for path in mirrors.user_cache().rglob("*"))
    next_run_succeeds(server)


@pytest.mark.slow
def test_thirty_killed_at_random_moments(server):
    server.use(("good", "gz"))
    start = time.monotonic()
    assert succeeds(child())
    took = time.monotonic() - start
    rng = random.Random(0)
    ended = Counter()
    for _ in range(30):
        shutil.rmtree(mirrors.user_cache(), ignore_errors=True)
        process = child()
        time.sleep(rng.uniform(0.5, 1) * took)
        process.kill()
        process.communicate(timeout=60)
        files = [name for name in whole(server) if name in server.sums]
        assert (kept() is not None) == (len(files) == 4)
        ended[len(files), process.returncode] += 1
    print(f"files kept and exit status of 30 killed downloads: {dict(ended)}")
    server.use(("good", "npz"))
    assert succeeds(child())


@contextlib.contextmanager
def disk(folder, options):
    """Put a disk of its own in the place of a folder."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only who may mount a disk can have a full or read-only one")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def in_the_way(path, make):
    """Put something in the place of the cache, or of a file in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    yield
    shutil.rmtree(path) if path.is_dir() else path.unlink()


DISKS = {
    "read-only": lambda cache: disk(cache, "ro"),
    "too small": lambda cache: disk(cache, "size=32k"),
    "without inodes": lambda cache: disk(cache, "nr_inodes=1"),
    "a file in the way": lambda cache: in_the_way(cache, Path.touch),
    "a folder in the way": lambda cache: in_the_way(cache / GZ[2], Path.mkdir),
}


@pytest.mark.parametrize("name", DISKS)
def test_a_cache_that_cannot_keep_it(name, server, capsys):
    server.use(("good", "gz"))
    with DISKS[name](mirrors.user_cache()):
        assert right(vars(datasets.load_digits("mnist")))
        assert "not kept" in capsys.readouterr().err
        whole(server)
        assert kept() is None
    assert right(vars(datasets.load_digits("mnist")))
    assert right(kept()), "with the disk as it should be, the download is kept"
