"""Reading more pictures than one process can: on Dask, into Parquet, to be continued at any time.

Each chunk of pictures becomes one part of the output. A part is written whole, by the client, once
its chunk is read; pictures that stand in a part are not read again.
"""

import asyncio
import contextlib
import hashlib
import itertools
import logging
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import locket
import pyarrow as pa
import pyarrow.parquet as pq
from dask import config
from distributed import Client, Future, KilledWorker, LocalCluster, Security, wait
from distributed.client import FutureCancelledError, FuturesCancelledError
from distributed.comm import connect
from tqdm import tqdm

from digitlib import __version__
from digitlib.bulk.worker import SCHEMA, read_chunk, shown
from digitlib.errors import display_name, reason, say
from digitlib.files import children_deaf_to_control_c, how_to_install, usable_cores, whole_file
from digitlib.reading.sources import find_pictures

SMALLEST, LARGEST = 16, 500  # pictures a chunk
ROUNDS = 8  # chunks a worker, at least, where there are enough pictures: so that all end together
# Dask has workers give memory back at once. Photos take and free the same megabytes thousands of
# times, which then costs more than reading them.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "100000000"}
CONNECT_SECONDS = 10  # to a scheduler; one that is there answers within milliseconds
WAIT = 60  # seconds for a process that says nothing; workers say every 5 s that they are there
LOOK = 5  # seconds after which the silent are looked for
AHEAD = 2  # chunks given to each worker, so that it never waits for the client


def predict_to(
    output: str | Path,
    given: Iterable[str],
    *,
    model: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = False,
) -> tuple[int, int]:
    """Read pictures into a folder of Parquet files, and go on from what is there already.

    Parameters
    ----------
    output : str or Path
        A folder, made if it is not there; `pandas.read_parquet` reads it as one table, a row a
        picture: path, text, confidence, boxes, error, seconds.
    given : iterable of str
        Files, folders, globs; paths of this machine, or addresses that fsspec knows.
    model : str or Path, optional
        A saved network, which has to be there on every worker; the shipped one unless given.
    workers : int, optional
        Processes to start on this machine; one for each core unless given.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers are used instead.
    progress : bool
        Whether to show a bar on standard error.

    Returns
    -------
    tuple of int
        How many pictures the output has, and how many of them could not be read.

    Raises
    ------
    ValueError
        If the output cannot be continued, or the workers have another digitlib or lack the model.
    OSError
        If the output cannot be written, or the scheduler is not there, or gets lost.
    """
    output = Path(output)
    with _locked(output):
        done, failed = _written(output)
        found = (path for one in given for path in find_pictures(one))
        new = list(dict.fromkeys(path for path in found if shown(path) not in done))
        total, written = len(done) + len(new), 0
        with (
            _cluster(workers, scheduler) as client,
            tqdm(total=total, initial=len(done), unit=" pictures", disable=not progress) as bar,
        ):
            size = len(new) // (ROUNDS * _threads(client))
            size = min(max(size, SMALLEST), LARGEST)
            chunks = (new[i : i + size] for i in range(0, len(new), size))
            settings = (model and str(Path(model).absolute()), os.getcwd(), __version__)
            for table in _results(client, chunks, settings):
                if len(table) == 0:
                    continue
                name = hashlib.sha256("\n".join(table["path"].to_pylist()).encode()).hexdigest()
                with whole_file(output / f"part-{name[:16]}.parquet") as temporary:
                    pq.write_table(table, temporary)
                failed += len(table) - table["error"].null_count
                bar.update(len(table))
                written += len(table)
    if written < len(new):
        raise OSError(
            f"There was not enough memory for {len(new) - written:,} of the pictures; run the same "
            "command again with fewer --workers: what is written stays."
        )
    return total, failed


def _written(output: Path) -> tuple[set[str], int]:
    """Return the pictures that the output has, and how many of them could not be read."""
    done, failed = set(), 0
    for unfinished in output.glob(".*-part-*.parquet"):  # of a client that was killed
        unfinished.unlink()
    for part in sorted(output.glob("part-*.parquet")):
        try:
            table = pq.read_table(part, columns=["path", "error"])
        except (pa.ArrowException, OSError) as error:
            raise ValueError(
                f"{part} cannot be continued ({reason(error)}); remove it, and its pictures are "
                "read again."
            ) from None
        done.update(table["path"].to_pylist())
        failed += len(table) - table["error"].null_count
    return done, failed


@contextlib.contextmanager
def _locked(output: Path) -> Iterator[None]:
    """Make the output's folder, and keep others from writing into it."""
    name = display_name(output)
    is_text = str(output) == str(output).encode("utf-8", "replace").decode()  # pyarrow takes that
    dangling = output.is_symlink() and not output.exists()
    if output.suffix != ".parquet" or output.is_file() or dangling or not is_text:
        raise ValueError(f"{name} cannot be written; name a folder such as readings.parquet.")
    output.mkdir(parents=True, exist_ok=True)
    try:
        with locket.lock_file(str(output / ".lock"), timeout=0):
            yield
    except locket.LockError:
        raise ValueError(f"Another run is writing {name}; wait for it, or stop it.") from None


def local_cluster(workers: int) -> LocalCluster:
    """Return worker processes of this machine, which listen on loopback alone."""
    environment = config.get("distributed.nanny.pre-spawn-environ") | KEEP_MEMORY
    settings = {"distributed.nanny.pre-spawn-environ": environment}
    with config.set(settings), children_deaf_to_control_c():
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            # Dask opens a port all the same, and says so where another program has its usual one.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs="CRITICAL",
        )


@contextlib.contextmanager
def _cluster(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """Give a client of the scheduler, or of workers of our own, which listen on loopback alone."""
    # What goes wrong is said in a sentence, not in Dask's log as well.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        cluster = scheduler or stack.enter_context(local_cluster(workers or usable_cores()))
        client = stack.enter_context(_client(cluster))
        try:
            yield client
        except (FutureCancelledError, FuturesCancelledError):
            raise ConnectionError(
                "The Dask scheduler was lost; start it, and run the same command again: what is "
                "written stays."
            ) from None


def _client(scheduler: str | LocalCluster) -> Client:
    """Return a client of a scheduler, made only once that is known to answer.

    A client whose constructor fails lives on in a reference cycle; freed while the next one is
    made, its finalizer waits forever for a lock that is held there. And where something listens
    that is no scheduler, the constructor does not end.
    """
    try:
        if isinstance(scheduler, str) and not scheduler.startswith("inproc://"):  # that is ours
            asyncio.run(asyncio.wait_for(_knock(scheduler), CONNECT_SECONDS))
        return Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:  # TypeError: tls:// without certificates
        raise ConnectionError(
            f"No Dask scheduler answers at {scheduler} ({reason(error)}); start one, or leave "
            "out --scheduler."
        ) from None


async def _knock(address: str) -> None:
    comm = await connect(address, **Security().get_connection_args("client"))
    await comm.close()


def _threads(client: Client) -> int:
    """Return how many chunks can be read at once, without the workers that have fallen silent.

    What a worker was given that is stopped, or lost with its machine, is read by others then.

    Raises
    ------
    ConnectionError
        If the scheduler is silent, or has no workers.
    """

    async def ask(dask_scheduler) -> tuple[list[str], int]:  # runs there, and needs no digitlib
        workers, now = dask_scheduler.workers, time.time()
        silent = [address for address, w in workers.items() if now - w.last_seen > seconds]
        for address in silent:
            await dask_scheduler.remove_worker(address, stimulus_id=f"digitlib-silent-{now}")
        return silent, sum(w.nthreads for w in workers.values())

    seconds, start = WAIT, time.monotonic()
    while time.monotonic() - start < WAIT:
        try:
            silent, threads = client.run_on_scheduler(ask, callback_timeout=WAIT)
        except TimeoutError:
            raise ConnectionError(
                f"The Dask scheduler has not answered for {WAIT} s; start it anew, and run the "
                "same command again: what is written stays."
            ) from None
        for address in silent:
            say(f"the worker {address} has said nothing for {WAIT} s; the others read on.")
        if threads:
            return threads
        time.sleep(0.1)  # workers may be about to come, or to come back
    raise ConnectionError(
        "The Dask scheduler has no workers; start one with: dask worker ADDRESS --nthreads 1, and "
        "run the same command again: what is written stays."
    )


def _first_done(client: Client, futures: list[Future]) -> list[Future]:
    """Wait until some are done, and look for silent workers meanwhile."""
    while True:
        try:
            return list(wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            _threads(client)


def _fetched(client: Client, future: Future) -> pa.Table:
    """Return the table of a chunk; if who has it has been stopped since, another reads it anew."""
    while True:
        try:
            return future.result(timeout=LOOK)
        except TimeoutError:
            _threads(client)


def _results(client: Client, chunks: Iterator[list[str]], settings: tuple) -> Iterator[pa.Table]:
    """Yield the table of each chunk as it is finished, with a few chunks underway at a time.

    Dask gives the chunk of a worker that is lost to another one. A chunk that has cost several
    workers is read at the end, one picture at a time, so that none is blamed for another; the one
    that does it gets a row that says so.
    """
    underway: dict[Future, list[str]] = {}
    suspects = []
    try:
        while True:
            missing = AHEAD * _threads(client) - len(underway)  # workers may have come, or gone
            for chunk in itertools.islice(chunks, max(0, missing)):
                underway[client.submit(read_chunk, chunk, *settings, pure=False)] = chunk
            if not underway:
                break
            for future in _first_done(client, list(underway)):
                chunk = underway.pop(future)
                try:
                    yield _fetched(client, future)
                except KilledWorker:
                    suspects.append(chunk)
                future.release()
        for chunk in suspects:
            yield pa.concat_tables([_alone(client, path, settings) for path in chunk])
    except ModuleNotFoundError as error:
        raise ValueError(
            f"The workers have no {error.name}; there, run: {how_to_install('bulk')}"
        ) from None
    except TypeError:  # they were given what their version does not take
        raise ValueError(
            f"The workers have another digitlib than {__version__}; install one version everywhere."
        ) from None


def _alone(client: Client, path: str, settings: tuple) -> pa.Table:
    future = client.submit(read_chunk, [path], *settings, pure=False)
    _first_done(client, [future])
    try:
        return _fetched(client, future)
    except KilledWorker:
        error = "Reading it ended the process, several times; look at this file."
        return pa.Table.from_pylist([{"path": shown(path), "error": error}], SCHEMA)
