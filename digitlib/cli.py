"""`digitlib` at the shell: train, predict, evaluate, data."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from digitlib.errors import display_name

EXPLANATION = "Train networks on handwritten digits, and read digits in pictures."


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0, or 1 where something could not be read or done.

    Wrong usage ends the process with 2, as argparse does.
    """
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print("digitlib: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `digitlib predict … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        print(f"digitlib: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(
            f"digitlib: this needs {error.name}; run: pip install 'digitlib[{options.extra}]'.",
            file=sys.stderr,
        )
        return 1


def _train(options) -> int:
    asked = {"epochs": options.epochs, "batch_size": options.batch_size, "seed": options.seed}
    if options.like and (options.network or any(v is not None for v in asked.values())):
        raise ValueError("--like takes everything from the card; leave the other options away.")
    from digitlib.models.saving import check_export, check_output, export_tflite
    from digitlib.training.cards import card_path, read_card

    card = read_card(options.like) if options.like else {}
    path = check_output(options.output)
    from digitlib.datasets.digits import load_digits
    from digitlib.training.loop import save, scored, train
    from digitlib.training.recipes import recipe_for, recipe_like

    dataset = load_digits(options.data)
    if card:
        recipe, network = recipe_like(card, dataset), card["network"]
    else:
        network = options.network or "classic"
        recipe = recipe_for(network, dataset, **asked)
    if network == "reader":
        check_export()
    folder = Path(f"{path}.checkpoint")
    trained = train(
        network,
        dataset,
        recipe,
        folder=folder,
        resume=options.resume,
        deterministic=options.deterministic or bool(card.get("deterministic")),
    )
    trained = scored(trained, dataset)
    card = trained.card
    save(trained, path)
    if network == "reader":
        export_tflite(trained.model, path.with_suffix(".tflite"))
    if (folder / "log.csv").is_file():
        shutil.copyfile(folder / "log.csv", f"{path}.log.csv")
    if card["interrupted"]:
        print(
            f"digitlib: stopped early ({card['interrupted']}); the best weights of "
            f"{card['epochs_completed']} whole epochs are kept, and --resume goes on from there.",
            file=sys.stderr,
        )
    else:
        shutil.rmtree(folder)
    if options.json:
        print(json.dumps(card))
    else:
        low, high = card["test_interval"]
        print(
            f"{network}: {card['parameters']:,} parameters, {card['fit_seconds']:.0f} s\n"
            f"{card['dataset']} test images read right: {card['test_accuracy']:.2%} "
            f"(95 % interval {low:.2%} to {high:.2%})\n"
            f"saved as {path}, its card as {card_path(path)}"
        )
    return 0


def _predict(options) -> int:
    if options.output:
        return _predict_to(options)
    if options.workers or options.scheduler:
        raise ValueError("--workers and --scheduler are for --output; name a file to write.")
    from digitlib.errors import PictureError
    from digitlib.reading.recognizer import Recognizer
    from digitlib.reading.sources import find_pictures

    paths = [path for given in options.paths for path in find_pictures(given)]
    workers = min(os.cpu_count() or 1, 1 + len(paths) // 500)
    recognizer = Recognizer(options.model)
    failed = False
    progress = sys.stderr.isatty() and not sys.stdout.isatty()
    for path, reading in recognizer.read_many(paths, workers, progress):
        error = reading if isinstance(reading, PictureError) else None
        failed = failed or error is not None
        if options.json:
            print(json.dumps(_as_json(path, None if error else reading, error)))
        elif error:
            print(f"digitlib: {error}", file=sys.stderr)
        else:
            confidence = f"{100 * reading.confidence:.0f} %"
            print(display_name(path), display_name(reading.text), confidence, sep="\t")
    return int(failed)


def _predict_to(options) -> int:
    from digitlib.bulk.predict import predict_to

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


def _as_json(path: str, reading, error) -> dict:
    digits = [
        {"digit": d.digit, "confidence": round(d.confidence, 4), "box": list(d.box)}
        for d in (reading.digits if reading else [])
    ]
    return {
        "path": path,
        "text": reading.text if reading else "",
        "confidence": round(reading.confidence, 4) if reading else None,
        "digits": digits,
        "error": str(error) if error else None,
    }


def _evaluate(options) -> int:
    from digitlib.files import SHIPPED_MODEL
    from digitlib.reading.recognizer import Recognizer

    if options.data in ("auto", "mnist", "uci"):
        from digitlib.datasets.digits import load_digits
        from digitlib.evaluation import score
        from digitlib.models.loading import load_network

        network = load_network(options.model or SHIPPED_MODEL)
        dataset = load_digits(options.data)
        name, what = dataset.name, "test images"
        result = score(network, dataset.test_images, dataset.test_labels)
    else:
        from digitlib.datasets.labelled_folder import score_kept

        name, what = display_name(options.data), "pictures"
        result = score_kept(Recognizer(options.model), options.data)
    if options.json:
        print(json.dumps({"dataset": name} | result))
    else:
        low, high = result["interval"]
        print(
            f"{name}: {result['correct']:,} of {result['images']:,} {what} read "
            f"right, {result['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%})"
        )
    return 0


def _data(options) -> int:
    from digitlib.datasets.digits import load_digits, part_digests

    dataset = load_digits("auto")
    print(f"{dataset.name}, found in {dataset.source}")
    print(
        f"{len(dataset.train_labels):,} training images, {len(dataset.test_labels):,} test images"
    )
    if options.verify:
        for part, digest in part_digests(dataset).items():
            print(f"{digest}  {part}")
    print(f"{dataset.citation} Licence: {dataset.licence}.")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser; `extra` names what a command may need that is not installed."""
    parser = argparse.ArgumentParser(prog="digitlib", description=EXPLANATION)
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )

    train = commands.add_parser("train", help="train a network and save it with its card")
    train.add_argument("--network", choices=["classic", "fast", "reader"])
    train.add_argument("--data", choices=["auto", "mnist", "uci"], default="auto")
    train.add_argument("--epochs", type=_positive, metavar="N", help="passes over the images")
    train.add_argument("--batch-size", type=_positive, metavar="N")
    train.add_argument("--seed", type=_natural, metavar="N")
    train.add_argument("--output", default="tf-cnn-model.keras", metavar="PATH")
    train.add_argument("--like", metavar="CARD", help="repeat the run that a card describes")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.add_argument(
        "--deterministic", action="store_true", help="same seed, same weights, a little slower"
    )
    train.set_defaults(extra="train")

    predict = commands.add_parser("predict", help="read the digits in pictures")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder or a glob")
    predict.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    predict.add_argument(
        "--output",
        metavar="NAME.parquet",
        help="write a row a picture, and go on from what is there",
    )
    many = predict.add_mutually_exclusive_group()
    many.add_argument(
        "--workers", type=_positive, metavar="N", help="with --output: processes here"
    )
    many.add_argument("--scheduler", metavar="ADDRESS", help="with --output: a Dask scheduler")
    predict.set_defaults(extra="scale")

    evaluate = commands.add_parser("evaluate", help="score a network on test images or pictures")
    evaluate.add_argument("--model", metavar="PATH", help="a saved network; else the shipped one")
    evaluate.add_argument(
        "--data",
        metavar="auto|mnist|uci|FOLDER",
        default="auto",
        help="a dataset, or a folder of pictures with a labels.csv",
    )
    evaluate.set_defaults(extra="train")

    data = commands.add_parser("data", help="say where the digits were found")
    data.add_argument("--verify", action="store_true", help="compute their digests again")
    data.set_defaults(extra="train")

    for command in (train, predict, evaluate):
        command.add_argument("--json", action="store_true", help="print JSON, a line at a time")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)


COMMANDS = {"train": _train, "predict": _predict, "evaluate": _evaluate, "data": _data}
