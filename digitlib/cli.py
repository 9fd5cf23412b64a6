"""`digitlib` at the shell: train, predict, evaluate, data, app."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from digitlib.errors import display_name

if TYPE_CHECKING:
    from digitlib.reading import Result

EXPLANATION = "Train networks on handwritten digits, and read digits in pictures."
NETWORKS = ("classic", "fast", "reader")  # the keys of digitlib.models.NETWORKS, which needs NumPy
DATASETS = ("auto", "mnist", "uci")
# Small pictures that `predict` reads in about the time that another process takes to start.
PICTURES_PER_WORKER = 500


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0, or 1 where something could not be read or done.

    Wrong usage ends the process with 2, as argparse does.
    """
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("digitlib: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `digitlib predict … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        said = str(error)
    except ModuleNotFoundError as error:
        said = f"this needs {error.name}; run: pip install 'digitlib[{options.extra}]'."
    print(f"digitlib: {said}", file=sys.stderr)
    return 1


def _train(options: argparse.Namespace) -> int:
    asked = {"epochs": options.epochs, "batch_size": options.batch_size, "seed": options.seed}
    if options.like and (options.network or any(v is not None for v in asked.values())):
        raise ValueError("--like takes everything from the card; leave out the other options.")
    from digitlib.models.saving import check_export, check_output, export_tflite
    from digitlib.training.cards import read_card

    like = read_card(options.like) if options.like else {}
    path = check_output(options.output)
    from digitlib.datasets.digits import load_digits
    from digitlib.training.loop import save, scored, train
    from digitlib.training.recipes import recipe_for, recipe_like

    dataset = load_digits(options.data)
    if like:
        recipe, network = recipe_like(like, dataset), like["network"]
    else:
        network = options.network or "classic"
        recipe = recipe_for(network, dataset, **asked)
    if network == "reader":
        check_export()
    folder, resume = Path(f"{path}.checkpoint"), options.resume
    exact = options.deterministic or bool(like.get("deterministic"))
    trained = train(network, dataset, recipe, folder=folder, resume=resume, deterministic=exact)
    trained = scored(trained, dataset)
    save(trained, path)
    if network == "reader":
        export_tflite(trained.model, path.with_suffix(".tflite"))
    if (folder / "log.csv").is_file():
        shutil.copyfile(folder / "log.csv", f"{path}.log.csv")
    if reason := trained.card["interrupted"]:
        print(
            f"digitlib: stopped early ({reason}); the best weights of "
            f"{trained.card['epochs_completed']} whole epochs are kept, and --resume goes on from "
            "there.",
            file=sys.stderr,
        )
    else:
        shutil.rmtree(folder)
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
        f"saved as {path}, its card as {card_path(path)}"
    )


def _predict(options: argparse.Namespace) -> int:
    if options.output:
        return _predict_to(options)
    if options.workers or options.scheduler:
        raise ValueError("--workers and --scheduler are for --output; name a file to write.")
    from digitlib.reading import Recognizer, find_pictures

    paths = [path for given in options.paths for path in find_pictures(given)]
    workers = min(os.cpu_count() or 1, 1 + len(paths) // PICTURES_PER_WORKER)
    recognizer = Recognizer(options.model)
    failed = False
    progress = sys.stderr.isatty() and not sys.stdout.isatty()
    for result in recognizer.read_many(paths, workers, progress):
        failed |= result.error is not None
        if options.json:
            print(json.dumps(_as_json(result)))
        elif result.reading is None:
            print(f"digitlib: {result.error}", file=sys.stderr)
        else:
            path, text = display_name(result.path), display_name(result.reading.text)
            print(path, text, f"{100 * result.reading.confidence:.0f} %", sep="\t")
    return int(failed)


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
        print(f"{options.output}: {pictures:,} pictures, {failed:,} of which could not be read")
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
    print(f"{dataset.name}, found in {dataset.source}")
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
    parser = argparse.ArgumentParser(prog="digitlib", description=EXPLANATION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network and save it with its card")
    train.add_argument("--network", choices=NETWORKS)
    train.add_argument("--data", choices=DATASETS, default="auto")
    train.add_argument("--epochs", type=_whole, metavar="N", help="passes over the images")
    train.add_argument("--batch-size", type=_whole, metavar="N")
    train.add_argument("--seed", type=lambda text: _whole(text, least=0), metavar="N")
    train.add_argument("--output", default="tf-cnn-model.keras", metavar="PATH")
    train.add_argument("--like", metavar="CARD", help="repeat the run that a card describes")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    exact = "same seed, same weights, a little slower"
    train.add_argument("--deterministic", action="store_true", help=exact)
    train.set_defaults(run=_train, extra="train")

    predict = commands.add_parser("predict", help="read the digits in pictures")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder or a glob")
    predict.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    rows = "write a row a picture, and go on from what is there"
    predict.add_argument("--output", metavar="NAME.parquet", help=rows)
    many = predict.add_mutually_exclusive_group()
    many.add_argument("--workers", type=_whole, metavar="N", help="with --output: processes here")
    many.add_argument("--scheduler", metavar="ADDRESS", help="with --output: a Dask scheduler")
    predict.set_defaults(run=_predict, extra="bulk")

    evaluate = commands.add_parser("evaluate", help="score a network on test images or pictures")
    evaluate.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    names, what = [*DATASETS, "FOLDER"], "a dataset, or a folder of pictures with a labels.csv"
    evaluate.add_argument("--data", metavar="|".join(names), default="auto", help=what)
    evaluate.set_defaults(run=_evaluate, extra="train")

    data = commands.add_parser("data", help="say where the digits were found")
    data.add_argument("--verify", action="store_true", help="compute their digests again")
    data.set_defaults(run=_data, extra="train")

    app = commands.add_parser("app", help="open a page to draw digits on, and to read photos")
    app.add_argument("--port", type=lambda text: _whole(text, least=0), default=0, metavar="N")
    app.add_argument("--no-browser", action="store_true", help="only print the page's address")
    app.set_defaults(run=_app, extra="train")

    for command in (train, predict, evaluate):
        command.add_argument("--json", action="store_true", help="print JSON, a line at a time")
    return parser


def _whole(text: str, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {least} or more")
    return int(text)
