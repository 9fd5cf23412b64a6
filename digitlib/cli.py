"""`digitlib` at the shell: train, predict, evaluate, data, app."""

import argparse
import io
import itertools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from digitlib import __version__
from digitlib.errors import PictureError, display_name, reason, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digitlib.reading import Recognizer, Result

EXPLANATION = "Train networks on handwritten digits, and read digits in pictures."
NETWORKS = ("classic", "fast", "reader")  # the keys of digitlib.models.NETWORKS, which needs NumPy
STANDARD_INPUT = "-"
DATASETS = ("auto", "mnist", "uci")
# What a module that is not installed is for, where that is not the command's own extra.
TRAINS = ("keras", "tensorflow", "h5py", "sklearn", "requests", "platformdirs")
# Small pictures that `predict` reads in about the time that another process takes to start.
PICTURES_PER_WORKER = 500


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0, or 1 where something could not be read or done.

    Wrong usage ends the process with 2, as argparse does.
    """
    _mend_streams()
    options = parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()  # here, so that a full disk is told of in a sentence
        return code
    except KeyboardInterrupt:
        say("stopped.")
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `digitlib predict … | head`
        _give_up_output()
        return 1
    except OSError as error:
        said = str(error)
        if error.filename is not None and error.strerror:  # Python's own words
            said = f"{display_name(error.filename)}: {reason(error)}; check the path."
        elif error.strerror:
            said = f"{reason(error)}."
        try:
            sys.stdout.flush()
        except OSError:  # it was the output
            _give_up_output()
    except ValueError as error:
        said = str(error)
    except MemoryError:
        said = "there is not enough memory; close other programs, or use fewer --workers."
    except ModuleNotFoundError as error:
        said = _missing(str(error.name), options.extra)
    except ImportError as error:  # says what it needs, such as s3fs
        said = str(error)
    say(said)
    return 1


def _give_up_output() -> None:
    """Let what is still to be printed go nowhere, where Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mend_streams() -> None:
    """Let a console's code page end no run, nor a program that was started without streams.

    What the code page of Windows lacks is escaped. Without a standard error (`pythonw`, a service,
    `2>&-`) the next file that is opened would take its number, and what libraries write there.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _missing(module: str, extra: str) -> str:
    """Return what to do about a module that is not installed."""
    from digitlib.files import how_to_install

    if module == "ai_edge_litert":
        return (
            "this needs LiteRT, which has no version for Intel Macs, Windows on ARM, or Linux with "
            "glibc before 2.27; elsewhere, run: pip install ai-edge-litert."
        )
    return f"this needs {module}; run: {how_to_install('train' if module in TRAINS else extra)}"


def _train(options: argparse.Namespace) -> int:
    asked = {"epochs": options.epochs, "batch_size": options.batch_size, "seed": options.seed}
    if options.like and (options.network or any(v is not None for v in asked.values())):
        raise ValueError("--like takes everything from the card; leave out the other options.")
    from digitlib.models.saving import check_export, check_output
    from digitlib.training.cards import read_card

    like = read_card(options.like) if options.like else {}
    path = check_output(options.output)
    from digitlib.datasets.digits import load_digits
    from digitlib.training.loop import train_to
    from digitlib.training.recipes import recipe_for, recipe_like

    dataset = load_digits(options.data)
    if like:
        recipe, network = recipe_like(like, dataset), like["network"]
    else:
        network = options.network or "classic"
        recipe = recipe_for(network, dataset, **asked)
    if network == "reader":
        check_export()
    exact = options.deterministic or bool(like.get("deterministic"))
    trained = train_to(path, network, dataset, recipe, resume=options.resume, deterministic=exact)
    if why := trained.card["interrupted"]:
        say(
            f"stopped early ({why}); the best weights of {trained.card['epochs_completed']} "
            "whole epochs are kept, and --resume goes on from there."
        )
    print(json.dumps(trained.card) if options.json else _report(trained.card, path))
    return 0


def _report(card: dict, path: Path) -> str:
    """Return what a person is told of a network that was trained and saved."""
    from digitlib.training.cards import card_path

    low, high = card["test_interval"]
    return (
        f"{card['network']}: {card['parameters']:,} parameters, {card['fit_seconds']:.0f} s\n"
        f"{card['dataset']} test images read right: {card['test_accuracy']:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%})\n"
        f"saved as {display_name(path)}, its card as {display_name(card_path(path))}"
    )


def _predict(options: argparse.Namespace) -> int:
    if options.output:
        return _predict_to(options)
    if options.workers or options.scheduler:
        raise ValueError("--workers and --scheduler are for --output; name a file to write.")
    from digitlib.files import usable_cores
    from digitlib.reading import Recognizer, find_pictures

    here = [given for given in options.paths if given != STANDARD_INPUT]
    paths = [path for given in here for path in find_pictures(given)]
    workers = min(usable_cores(), 1 + len(paths) // PICTURES_PER_WORKER)
    recognizer = Recognizer(options.model)
    failed = False
    progress = sys.stderr.isatty() and not sys.stdout.isatty()
    results: Iterable[Result] = recognizer.read_many(paths, workers, progress)
    if STANDARD_INPUT in options.paths:
        results = itertools.chain([_from_standard_input(recognizer)], results)
    for result in results:
        failed |= result.error is not None
        if options.json:
            print(json.dumps(_as_json(result)))
        elif result.reading is None:
            say(str(result.error))
        else:
            path, text = display_name(result.path), display_name(result.reading.text)
            print(path, text, f"{100 * result.reading.confidence:.0f} %", sep="\t")
    return int(failed)


def _from_standard_input(recognizer: "Recognizer") -> "Result":
    from digitlib.reading import Result, open_picture, prepare
    from digitlib.reading.pictures import MOST_BYTES

    content = sys.stdin.buffer.read(MOST_BYTES + 1) if sys.stdin else b""
    try:
        prepared = prepare(open_picture(content, "Standard input"))
        return Result(STANDARD_INPUT, recognizer.read_prepared(prepared), None)
    except PictureError as error:
        return Result(STANDARD_INPUT, None, error)


def _as_json(result: "Result") -> dict:
    row: dict = {"path": str(result.path), "text": "", "confidence": None, "digits": []}
    if (reading := result.reading) is not None:
        digits = [
            {"digit": d.digit, "confidence": round(d.confidence, 4), "box": list(d.box)}
            for d in reading.digits
        ]
        row |= {"text": reading.text, "confidence": round(reading.confidence, 4), "digits": digits}
    return row | {"error": str(result.error) if result.error else None}


def _predict_to(options: argparse.Namespace) -> int:
    from digitlib.bulk import predict_to

    if STANDARD_INPUT in options.paths:
        raise ValueError("--output goes on from files, and - is none; leave one of them out.")
    pictures, failed = predict_to(
        options.output,
        options.paths,
        model=options.model,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=sys.stderr.isatty(),
    )
    if options.json:
        print(json.dumps({"output": options.output, "pictures": pictures, "failed": failed}))
    else:
        print(
            f"{display_name(options.output)}: {pictures:,} pictures, "
            f"{failed:,} of which could not be read"
        )
    return int(failed > 0)


def _evaluate(options: argparse.Namespace) -> int:
    from digitlib.evaluation import score, score_readings

    if options.data in DATASETS:
        from digitlib.datasets.digits import load_digits
        from digitlib.files import SHIPPED_MODEL
        from digitlib.models.loading import load_network

        network = load_network(options.model or SHIPPED_MODEL)
        dataset = load_digits(options.data)
        name, what = dataset.name, "test images"
        result = score(network, dataset.test_images, dataset.test_labels)
    else:
        from digitlib.datasets import labelled_folder
        from digitlib.reading import Recognizer

        name, what = display_name(options.data), "pictures"
        recognizer = Recognizer(options.model)
        paths, texts = zip(*labelled_folder.load(options.data), strict=True)
        result = score_readings(recognizer.read_many(paths), texts)
    if options.json:
        print(json.dumps({"dataset": name} | result))
    else:
        low, high = result["interval"]
        print(
            f"{name}: {result['correct']:,} of {result['images']:,} {what} read "
            f"right, {result['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%})"
        )
    return 0


def _data(options: argparse.Namespace) -> int:
    from digitlib.datasets.digits import load_digits, part_digests

    dataset = load_digits("auto")
    print(f"{dataset.name}, found in {display_name(dataset.source)}")
    train, test = len(dataset.train_labels), len(dataset.test_labels)
    print(f"{train:,} training images, {test:,} test images")
    if options.verify:
        for part, digest in part_digests(dataset).items():
            print(f"{digest}  {part}")
    print(f"{dataset.citation} Licence: {dataset.licence}.")
    return 0


def _app(options: argparse.Namespace) -> int:
    from digitlib.app.server import serve

    serve(options.port, opens=not options.no_browser)
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser; `run` is a command's function, `extra` what it needs installed."""
    parser = _Parser(prog="digitlib", description=EXPLANATION)
    parser.add_argument("--version", action="version", version=f"digitlib {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network and save it with its card")
    which = "classic: that of the notebooks (the default); fast: smaller; reader: reads photos"
    train.add_argument("--network", choices=NETWORKS, help=which)
    which = "auto: MNIST, or else scikit-learn's digits (the default)"
    train.add_argument("--data", choices=DATASETS, default="auto", help=which)
    train.add_argument("--epochs", type=_whole, metavar="N", help="passes over the images")
    train.add_argument("--batch-size", type=_whole, metavar="N", help="images a step")
    seed = "of first weights and of the order of images"
    train.add_argument("--seed", type=lambda text: _whole(text, least=0), metavar="N", help=seed)
    where = "where to save it, as .keras or .h5; tf-cnn-model.keras unless given"
    train.add_argument("--output", default="tf-cnn-model.keras", metavar="PATH", help=where)
    train.add_argument("--like", metavar="CARD", help="repeat the run that a card describes")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    exact = "same seed, same weights, a little slower"
    train.add_argument("--deterministic", action="store_true", help=exact)
    train.set_defaults(run=_train, extra="train")

    predict = commands.add_parser("predict", help="read the digits in pictures")
    what = "a file, a folder, a glob, an address, or - for standard input"
    predict.add_argument("paths", nargs="+", metavar="PATH", help=what)
    predict.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    rows = "write a row a picture, and go on from what is there"
    predict.add_argument("--output", metavar="NAME.parquet", help=rows)
    many = predict.add_mutually_exclusive_group()
    many.add_argument("--workers", type=_whole, metavar="N", help="with --output: processes here")
    many.add_argument("--scheduler", metavar="ADDRESS", help="with --output: a Dask scheduler")
    predict.set_defaults(run=_predict, extra="bulk")

    evaluate = commands.add_parser("evaluate", help="score a network on test images or pictures")
    evaluate.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    names = [*DATASETS, "FOLDER"]
    what = "a dataset, or a folder of pictures with a labels.csv, or with folders named 0 to 9"
    evaluate.add_argument("--data", metavar="|".join(names), default="auto", help=what)
    evaluate.set_defaults(run=_evaluate, extra="train")

    data = commands.add_parser("data", help="say where the digits were found")
    data.add_argument("--verify", action="store_true", help="compute their digests again")
    data.set_defaults(run=_data, extra="train")

    app = commands.add_parser("app", help="open a page to draw digits on, and to read photos")
    free = "the page's port on this machine; else one that is free"
    app.add_argument("--port", type=_port, default=0, metavar="N", help=free)
    app.add_argument("--no-browser", action="store_true", help="only print the page's address")
    app.set_defaults(run=_app, extra="train")

    for command in (train, predict, evaluate):
        command.add_argument("--json", action="store_true", help="print JSON, a line at a time")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong, without the control characters that an argument may have."""
        super().error(display_name(message))


def _whole(text: str, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {least} or more")
    return int(text)


def _port(text: str) -> int:
    if (port := _whole(text, least=0)) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; the largest is 65535")
    return port
