"""Reading on Dask: every picture has exactly one row, whoever is killed on the way."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import clusters
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

from digitlib.bulk import predict
from digitlib.bulk.predict import predict_to
from digitlib.bulk.worker import read_chunk
from digitlib.cli import main
from digitlib.files import SAMPLES
from digitlib.reading import recognizer
from digitlib.reading.recognizer import Recognizer
from digitlib.reading.sources import find_pictures

MOST_MEGABYTES = 400  # of a worker


@pytest.fixture(scope="module")
def in_process():
    """Return the address of a scheduler in this process, which starts in no time."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def rows_of(output):
    return pq.read_table(output).to_pylist()


def test_a_row_says_what_the_recognizer_says(tmp_path, in_process):
    shutil.copytree(SAMPLES, tmp_path / "in")
    bad = tmp_path / "in" / "z.png"
    bad.write_text("no")
    output = tmp_path / "out.parquet"
    counts = predict_to(output, [str(tmp_path / "in"), str(bad)], scheduler=in_process)
    rows = {row["path"]: row for row in rows_of(output)}
    pictures = len(list(SAMPLES.glob("*.*g")))
    assert counts == (len(rows), 1) == (pictures + 1, 1)
    for result in Recognizer().read_many(sorted((tmp_path / "in").glob("*[gp][gn]"))[:-1]):
        row, reading = rows[str(result.path)], result.reading
        assert row["text"] == reading.text and row["error"] is None and row["seconds"] > 0
        assert row["confidence"] == pytest.approx(reading.confidence, abs=1e-6)
        assert row["boxes"] == [list(digit.box) for digit in reading.digits]
    assert rows[str(bad)]["text"] is None and "is not a picture" in rows[str(bad)]["error"]


def test_the_same_command_again_reads_nothing_twice_and_goes_on(tmp_path, in_process):
    folder, output = tmp_path / "in", tmp_path / "out.parquet"
    paths = clusters.make_pictures(folder, 60)
    predict_to(output, [str(folder)], scheduler=in_process)
    before = {part: part.stat().st_mtime_ns for part in output.glob("part-*")}
    for path in paths:  # were they read again, the rows would tell
        Path(path).write_text("no picture any more")
    assert predict_to(output, [str(folder)], scheduler=in_process) == (60, 1)
    assert {part: part.stat().st_mtime_ns for part in output.glob("part-*")} == before
    shutil.copy(SAMPLES / "coloured.png", folder / "new.png")
    min(before).unlink()
    (output / ".99-part-0.parquet").write_text("of a client that was killed")
    pictures, failed = predict_to(output, [str(folder / "**" / "*.png")], scheduler=in_process)
    assert pictures == 61 and failed > 10
    assert sorted(row["path"] for row in rows_of(output)) == sorted(
        [*paths, str(folder / "new.png")]
    )
    assert not (output / ".99-part-0.parquet").exists()


def test_sources_are_listed_once_and_a_picture_meant_twice_is_read_once(
    tmp_path, in_process, monkeypatch
):
    path, listed = str(SAMPLES / "coloured.png"), []
    monkeypatch.setattr(predict, "find_pictures", lambda one: listed.append(one) or [one])
    output = tmp_path / "out.parquet"
    assert predict_to(output, [path, path], scheduler=in_process) == (1, 0)
    assert listed == [path, path] and [row["path"] for row in rows_of(output)] == [path]


def test_addresses_of_fsspec(tmp_path, in_process):
    import fsspec

    memory = fsspec.filesystem("memory")
    for i, path in enumerate(sorted(SAMPLES.glob("*.png"))):
        memory.pipe(f"/box/{i % 2}/{path.name}", path.read_bytes())
    memory.pipe("/box/0/notes.txt", b"no")
    names = list(find_pictures("memory://box"))
    assert len(names) == len(list(find_pictures("memory://box/*/*.png"))) == 5
    output = tmp_path / "out.parquet"
    given = ["memory://box", "memory://box/none.png"]
    assert predict_to(output, given, scheduler=in_process) == (6, 1)
    texts = {row["path"].rsplit("/")[-1]: row["text"] for row in rows_of(output)}
    assert texts["dark_on_light.png"] == "7" and texts["none.png"] is None
    with pytest.raises(OSError, match="nowhere://box cannot be listed: Protocol not known"):
        predict_to(output, ["nowhere://box"], scheduler=in_process)


def test_names_that_are_no_text_and_a_fault_of_ours_get_their_rows(tmp_path, monkeypatch):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.png")
    shutil.copy(SAMPLES / "dark_on_light.png", path)
    [row] = read_chunk([path]).to_pylist()
    assert row["text"] == "7" and row["path"].endswith("/\\xff\n.png")
    like_it = str(tmp_path / r"\xff") + "\n.png"  # the same four characters, as a name may have
    assert read_chunk([like_it]).to_pylist()[0]["path"].endswith(r"/\\xff" + "\n.png")

    def fault(picture):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("digitlib.reading.recognizer.prepare", fault)
    [row] = read_chunk([path]).to_pylist()
    assert row["error"].endswith("\\n.png failed: ZeroDivisionError: oops.")


def test_pictures_whose_names_print_alike_are_two_rows(tmp_path, in_process):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"a\xff.png", rb"a\xff.png", rb"a\\xff.png"):
        shutil.copy(SAMPLES / "dark_on_light.png", os.fsencode(folder) + b"/" + name)
    output = tmp_path / "out.parquet"
    for _ in range(2):
        assert predict_to(output, [str(folder)], scheduler=in_process) == (3, 0)
    assert len({row["path"] for row in rows_of(output)}) == len(rows_of(output)) == 3


def test_relative_paths_mean_the_clients_folder(tmp_path, monkeypatch):
    (tmp_path / "here" / "in").mkdir(parents=True)
    (tmp_path / "there").mkdir()
    shutil.copy(SAMPLES / "dark_on_light.png", tmp_path / "here" / "in" / "a.png")
    monkeypatch.chdir(tmp_path / "here")
    with clusters.dask(tmp_path / "there", 1) as (address, _):
        assert predict_to("out.parquet", ["in"], scheduler=address) == (1, 0)
    [row] = rows_of(tmp_path / "here" / "out.parquet")
    assert (row["path"], row["text"], row["error"]) == ("in/a.png", "7", None)


def test_without_memory_a_picture_has_no_row_and_is_read_another_time(
    tmp_path, in_process, monkeypatch
):
    paths = [str(SAMPLES / name) for name in ("dark_on_light.png", "coloured.png")]
    output, prepare = tmp_path / "out.parquet", recognizer.prepare

    def lacking(picture):
        if picture.size != (240, 240):  # dark_on_light.png's
            raise MemoryError
        return prepare(picture)

    with monkeypatch.context() as little:
        little.setattr(recognizer, "prepare", lacking)
        with pytest.raises(OSError, match="not enough memory for 1 of the pictures; run the same"):
            predict_to(output, paths, scheduler=in_process)
        with pytest.raises(OSError, match="not enough memory for 1 of the pictures"):
            predict_to(output, paths, scheduler=in_process)
    assert [row["text"] for row in rows_of(output)] == ["7"]
    assert predict_to(output, paths, scheduler=in_process) == (2, 0)
    assert sorted(row["text"] for row in rows_of(output)) == ["5", "7"]


def test_workers_of_another_version_are_refused():
    with pytest.raises(ValueError, match=r"The workers have digitlib .*, this is 9\.9"):
        read_chunk([], None, "", "9.9")


@pytest.mark.parametrize(
    "when",
    [
        *(pytest.param(when, marks=pytest.mark.slow) for when in ("before", "during")),
        "with a chunk that is read",
    ],
)
def test_a_stopped_worker_costs_a_wait_and_a_sentence(tmp_path, monkeypatch, capsys, when):
    monkeypatch.setattr(predict, "LOOK", 1)
    paths = clusters.make_pictures(tmp_path / "in", 100)
    output = tmp_path / "out.parquet"
    with clusters.dask(tmp_path, 2) as (address, workers):
        with Client(address) as client:
            client.wait_for_workers(2)
            pids = client.run(os.getpid)
        monkeypatch.setattr(predict, "WAIT", 4)  # two workers say every 0.5 s that they are there
        if when == "before":
            workers[0].send_signal(signal.SIGSTOP)
        elif when == "with a chunk that is read":
            first_done = predict._first_done

            def stop_who_has_it(client, futures):
                done = first_done(client, futures)
                [address] = client.who_has(done[:1])[done[0].key]
                monkeypatch.setattr(predict, "_first_done", first_done)
                os.kill(pids[address], signal.SIGSTOP)
                return done

            monkeypatch.setattr(predict, "_first_done", stop_who_has_it)
        else:
            write = predict.pq.write_table

            def stop_and_write(table, path):
                workers[0].send_signal(signal.SIGSTOP)
                write(table, path)

            monkeypatch.setattr(predict.pq, "write_table", stop_and_write)
        assert predict_to(output, [str(tmp_path / "in")], scheduler=address) == (100, 1)
    assert sorted(row["path"] for row in rows_of(output)) == paths
    said = capsys.readouterr().err
    assert said.count("has said nothing for 4 s; the others read on.") == 1


@pytest.mark.parametrize(
    "who", [pytest.param("all workers", marks=pytest.mark.slow), "the scheduler"]
)
def test_where_nobody_answers_any_more_a_sentence_says_so(tmp_path, monkeypatch, who):
    monkeypatch.setattr(predict, "LOOK", 1)
    clusters.make_pictures(tmp_path / "in", 100)
    write = predict.pq.write_table
    with clusters.dask(tmp_path, 1) as (address, workers):
        pid = workers[0].pid
        if who == "the scheduler":
            with Client(address) as client:
                pid = client.run_on_scheduler(os.getpid)

        def stop_and_write(table, path):
            os.kill(pid, signal.SIGSTOP)
            monkeypatch.setattr(predict, "WAIT", 2)  # now that all have started
            write(table, path)

        monkeypatch.setattr(predict.pq, "write_table", stop_and_write)
        with pytest.raises(ConnectionError, match="run the same command again") as raised:
            predict_to(tmp_path / "out.parquet", [str(tmp_path / "in")], scheduler=address)
    expected = "has no workers" if who == "all workers" else "has not answered for 2 s"
    assert expected in str(raised.value)


@pytest.mark.slow
def test_a_busy_port_8787_is_silence(tmp_path):
    with contextlib.suppress(OSError):  # another program may have it already
        busy = socket.create_server(("127.0.0.1", 8787))
    command = [sys.executable, "-m", "digitlib", "predict", str(SAMPLES / "coloured.png")]
    command += ["--output", str(tmp_path / "out.parquet"), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    with contextlib.suppress(UnboundLocalError):
        busy.close()
    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_of_any_name_is_reported(tmp_path, in_process, capsys):
    given = ["predict", str(SAMPLES / "coloured.png"), "--scheduler", in_process, "--output"]
    assert main([*given, str(tmp_path / "b\x1b.parquet")]) == 0
    assert r"b\x1b.parquet: 1 pictures" in capsys.readouterr().out
    assert main([*given, str(tmp_path / os.fsdecode(b"b\xff.parquet"))]) == 1
    assert r"b\udcff.parquet cannot be written; name" in capsys.readouterr().err
    (tmp_path / "dangling.parquet").symlink_to(tmp_path / "nothing")
    assert main([*given, str(tmp_path / "dangling.parquet")]) == 1
    assert "name a folder such as" in capsys.readouterr().err


def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path, in_process, capsys, monkeypatch):
    monkeypatch.setattr(predict, "CONNECT_SECONDS", 1)
    picture = str(SAMPLES / "dark_on_light.png")
    file = tmp_path / "file.parquet"
    file.write_text("in the way")
    output = tmp_path / "out.parquet"
    output.mkdir()
    (output / "part-0.parquet").write_text("damaged")
    asked = {
        ("--output", str(tmp_path / "folder")): "name a folder such as",
        ("--output", str(file)): "name a folder such as",
        ("--output", str(output)): "part-0.parquet cannot be continued",
        ("--workers", "2"): "are for --output",
        ("--output", str(tmp_path / "a.parquet"), "--scheduler", "tcp://127.0.0.1:9"): "No Dask",
        ("--output", str(tmp_path / "b.parquet"), "--scheduler", "127.0.0.1:x"): "No Dask",
        ("--output", str(tmp_path / "b.parquet"), "--scheduler", "tls://127.0.0.1:9"): "No Dask",
        (
            "--output",
            str(tmp_path / "c.parquet"),
            "--scheduler",
            in_process,
            "--model",
            "x.keras",
        ): ("no model file"),
    }
    for arguments, words in asked.items():
        assert main(["predict", picture, *arguments]) == 1
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1, said
    assert list(output.iterdir())


def test_no_client_is_made_where_no_scheduler_answers(monkeypatch):
    """One whose constructor fails can deadlock the next: a suite once stood still for ever."""
    made = []
    monkeypatch.setattr(predict, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(predict, "Client", lambda *a, **k: made.append(a))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for address in (
            "tcp://127.0.0.1:9",
            "127.0.0.1:x",
            "tls://127.0.0.1:9",
            f"127.0.0.1:{port}",
        ):
            with pytest.raises(ConnectionError, match="No Dask scheduler answers at"):
                predict._client(address)
    assert made == []


SIZES = [300, pytest.param(100_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", SIZES)
def test_a_killed_worker_and_a_killed_client_lose_and_double_nothing(tmp_path, count):
    paths = clusters.make_pictures(tmp_path / "in", count)
    output = tmp_path / "out.parquet"
    most = tmp_path / "most"  # its size: at so many parts beside .lock, workers stand still

    def hold_at(number) -> None:
        most.touch()
        os.truncate(most, number)

    hold_at(3)
    (tmp_path / "held.py").write_text(
        "import os, time, digitlib.reading.recognizer as reading\n"
        "def held(path, read=reading.open_source):\n"
        f"    while len(os.listdir({str(output)!r})) > os.path.getsize({str(most)!r}):\n"
        "        time.sleep(0.01)\n"
        "    return read(path)\n"
        "reading.open_source = held\n"
    )
    options = ["--preload", str(tmp_path / "held.py")]
    with clusters.dask(tmp_path, 2, *options) as (address, workers):
        command = [sys.executable, "-m", "digitlib", "predict", str(tmp_path / "in")]
        command += ["--output", str(output), "--scheduler", address]

        def parts() -> int:
            return len(list(output.glob("part-*.parquet")))

        def until(condition) -> None:
            end = time.monotonic() + 600
            while client.poll() is None and not condition():
                assert time.monotonic() < end, (tmp_path / "dask.log").read_text()
                time.sleep(0.01)
            assert condition(), (tmp_path / "dask.log").read_text()

        client = subprocess.Popen(command)
        until(lambda: parts() >= 3)
        with pytest.raises(ValueError, match="Another run is writing"):
            predict_to(output, [str(tmp_path / "in")], scheduler=address)
        client.send_signal(signal.SIGKILL)
        client.wait()
        first = parts()
        assert len(rows_of(output)) < count
        hold_at(first + 3)
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        until(lambda: parts() >= first + 3)
        workers[0].kill()
        hold_at(1_000_000)
        said, _ = client.communicate(timeout=3600)
        peak = clusters.peak_megabytes(workers[1])
    rows = rows_of(output)
    print(f"{len(rows):,} rows; {said.strip()}; the worker that lived had {peak:.0f} MB at most")
    assert client.returncode == 1 and f"{count:,} pictures, {count // 100:,} of which" in said
    assert sorted(row["path"] for row in rows) == paths
    failed = [row["path"] for row in rows if row["error"]]
    assert sorted(failed) == paths[::100]
    assert peak < MOST_MEGABYTES


def test_a_picture_that_ends_the_process_gets_a_row_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    clusters.make_pictures(tmp_path / "in", 20)
    (tmp_path / "poison.py").write_text(
        "import os, digitlib.reading.recognizer as reading\n"
        "reading.open_source = lambda path, read=reading.open_source: (\n"
        "    os._exit(1) if path.endswith('000013.png') else read(path))\n"
    )
    output = tmp_path / "out.parquet"
    options = ["--preload", str(tmp_path / "poison.py"), "--nanny"]
    with clusters.dask(tmp_path, 2, *options) as (address, _):
        counts = predict_to(output, [str(tmp_path / "in")], scheduler=address)
    assert counts == (20, 2)
    said = {row["path"][-10:]: row["error"] for row in rows_of(output) if row["error"]}
    assert "ended the process" in said["000013.png"] and set(said) == {"000000.png", "000013.png"}


@pytest.mark.slow
def test_a_lost_scheduler_is_said_and_the_rest_is_read_later(tmp_path, in_process):
    paths = clusters.make_pictures(tmp_path / "in", 300)
    output = tmp_path / "out.parquet"
    command = [sys.executable, "-m", "digitlib", "predict", str(tmp_path / "in")]
    with clusters.dask(tmp_path, 1) as (address, _):
        command += ["--output", str(output), "--scheduler", address]
        client = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while client.poll() is None and not list(output.glob("part-*.parquet")):
            time.sleep(0.01)
    _, said = client.communicate(timeout=120)
    assert client.returncode == 1 and "same command again" in said and "Traceback" not in said
    assert predict_to(output, [str(tmp_path / "in")], scheduler=in_process) == (300, 3)
    assert sorted(row["path"] for row in rows_of(output)) == paths
