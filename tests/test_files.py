import os
import signal
import subprocess
import sys
import threading
import warnings

import pytest

from digitlib.files import children_deaf_to_control_c, no_warnings, quiet_native, whole_file


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append(("synced", os.fstat(number))))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append(names), replace(*names)))
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
        inode = temporary.stat().st_ino
    assert (
        done[1] == (temporary, tmp_path / "a.txt") and (tmp_path / "a.txt").read_text() == "whole"
    )
    assert done[0][0] == "synced" and (done[0][1].st_size, done[0][1].st_ino) == (5, inode)


def test_a_process_that_is_started_deaf_ignores_control_c():
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    with children_deaf_to_control_c():
        deaf = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (deaf.stdout, other.stdout) == ("True\n", "False\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_fails_midway_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("context", [quiet_native, no_warnings])
def test_a_thread_that_goes_first_leaves_the_others_in_peace(context):
    """Two threads, crossed: in, in, out, out. The process is changed until the last is out."""

    def state():
        return os.fstat(2).st_ino, list(warnings.filters)

    before = state()
    inside, leave = threading.Event(), threading.Event()

    def first():
        with context():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(60)
    with context():
        changed = state()
        leave.set()
        thread.join(60)
        assert state() == changed != before
    assert state() == before


def test_without_a_standard_error_there_is_nothing_to_discard():
    code = (
        "import os, sys; os.close(2)\n"
        "from digitlib.files import quiet_native\n"
        "with quiet_native(): print('inside')\n"
        "try: os.fstat(2)\n"
        "except OSError: print('still closed')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["inside", "still closed"]
