"""What may be said to `digitlib` at the shell."""

import argparse

EXPLANATION = "Train networks on handwritten digits, and read digits in pictures."


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
