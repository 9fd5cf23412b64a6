"""How fast the fast network learns, beside Keras' own example: `python benchmarks/training.py`.

With --well instead: how good the accurate network becomes, three times; with --classic: the classic
network, five seeds.

Ours trains its complete, fixed schedule and is scored once on the test images, at the end; Keras'
"Simple MNIST convnet" is scored after each epoch and stopped when it first reaches 99.0 %. They
take turns in one run, each in a process of its own; the time is `fit_seconds`, as a card has it.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

TARGET = 0.99
MEMBERS = 3  # networks that are averaged in the accurate one: what half an hour allows


def accurate_cnn():
    """Return a network for MNIST alone, untrained: wider than the fast one."""
    from digitlib.models.backend import keras

    layers = keras.layers

    def convolution(filters: int, strides: int = 1) -> list:
        conv = layers.Conv2D(filters, 3, strides=strides, use_bias=False)
        return [conv, layers.BatchNormalization(momentum=0.9), layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 5, strides=2, padding="same", activation="relu"),
            *convolution(64),
            *convolution(96, strides=2),
            *convolution(128),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def averaged(members: list):
    """Return one network that averages others, each over an image as it is and moved by a pixel."""
    from digitlib.models.backend import keras

    layers = keras.layers
    image = keras.Input((28, 28, 1))
    wider = layers.ZeroPadding2D(1)(image)
    places = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    moved = [layers.Cropping2D(((y, 2 - y), (x, 2 - x)))(wider) for y, x in places]
    return keras.Model(image, layers.Average()([one(seen) for one in members for seen in moved]))


def ours(network: str, seed: int) -> dict:
    """Train a network, and return what to report; "accurate" is known here alone."""
    from digitlib.datasets import load_digits
    from digitlib.models import NETWORKS
    from digitlib.training import recipe_for, scored, train
    from digitlib.training.recipes import RECIPES, Recipe

    NETWORKS["accurate"] = accurate_cnn
    wide = {"rotation": 10, "scale": 0.12, "shift": 1.5, "label_smoothing": 0.1}
    RECIPES["accurate"] = Recipe(16, 128, 0.008, beta_1=0.8, beta_2=0.95, **wide)
    dataset = load_digits("mnist")
    # Each member has its own seed, and with it its own images to validate on.
    seeds = [100 + MEMBERS * seed + i for i in range(MEMBERS)] if network == "accurate" else [seed]
    trained = [train(network, dataset, recipe_for(network, dataset, seed=s)) for s in seeds]
    cards = [one.card for one in trained]
    steps = sum(c["epochs"] * (c["images_learnt_from"] // c["batch_size"]) for c in cards)
    whole = trained[0]
    if network == "accurate":
        whole = replace(whole, model=averaged([one.model for one in trained]))
    card = scored(whole, dataset).card
    return {
        "seconds": sum(card["fit_seconds"] for card in cards),
        "images": steps * card["batch_size"],
        "validation": statistics.mean(card["validation_accuracy"] for card in cards),
        "accuracy": card["test_accuracy"],
        "interval": card["test_interval"],
        "parameters": whole.model.count_params(),
    }


def keras_example(seed: int) -> dict:
    """Train Keras' "Simple MNIST convnet" (keras.io/examples/vision/mnist_convnet) to TARGET."""
    from digitlib.datasets import load_digits
    from digitlib.evaluation import wilson_interval
    from digitlib.models.backend import keras

    layers = keras.layers
    dataset = load_digits("mnist")
    x_train = dataset.train_images[..., None].astype("float32") / 255
    x_test = dataset.test_images[..., None].astype("float32") / 255
    y_train = keras.utils.to_categorical(dataset.train_labels, 10)
    y_test = keras.utils.to_categorical(dataset.test_labels, 10)
    keras.utils.set_random_seed(seed)
    start = time.perf_counter()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    seconds, epochs, accuracy = time.perf_counter() - start, 0, 0.0
    while accuracy < TARGET and epochs < 20:
        start = time.perf_counter()
        model.fit(x_train, y_train, batch_size=128, epochs=1, validation_split=0.1, verbose=0)
        seconds += time.perf_counter() - start  # the test images are looked at off the clock
        epochs += 1
        accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    return {
        "seconds": round(seconds, 2),
        "images": epochs * 54_000,
        "accuracy": accuracy,
        "interval": wilson_interval(round(accuracy * 10_000), 10_000),
        "parameters": model.count_params(),
    }


def run(which: str, seed: int) -> dict:
    """Run one training in a process of its own, so that peak memory is its own; print its row."""
    command = [sys.executable, __file__, "--one", which, "--seed", str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    r = json.loads(done.stdout.splitlines()[-1])
    low, high = r["interval"]
    print(
        f"{which:<8} seed {seed}: {r['seconds']:7.1f} s {r['images']:>8,} images  "
        f"validation {r.get('validation', math.nan):.2%}, test {r['accuracy']:.2%} "
        f"[{low:.2%}, {high:.2%}]  {r['parameters']:,} parameters  "
        f"{r['peak_mb']} MB",
        flush=True,
    )
    return r


def main() -> None:
    """Train in turns, and print a row each and the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--well", action="store_true", help="the accurate network, three times")
    parser.add_argument("--classic", action="store_true", help="the classic network, five seeds")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        which, seed = options.one, options.seed
        result = keras_example(seed) if which == "keras" else ours(which, seed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result | {"peak_mb": round(peak)}))
        return
    if options.well or options.classic:
        which, seeds = ("accurate", 3) if options.well else ("classic", 5)
        rows = [run(which, seed) for seed in range(seeds)]
        for kind in ("validation", "accuracy"):
            print(f"{kind}: mean {statistics.mean(row[kind] for row in rows):.3%} of {seeds} seeds")
        print(f"median {statistics.median(row['seconds'] for row in rows):.1f} s")
        return
    results = {"fast": [], "keras": []}
    theirs = {0, options.seeds // 2, options.seeds - 1}  # beginning, middle and end of the run
    for seed in range(options.seeds):
        for which in ("fast", "keras") if seed in theirs else ("fast",):
            results[which].append(run(which, seed))
    for which, rows in results.items():
        seconds, accuracies = ([r[k] for r in rows] for k in ("seconds", "accuracy"))
        print(
            f"{which:<8} median {statistics.median(seconds):.1f} s "
            f"({min(seconds):.1f} to {max(seconds):.1f}), accuracy median "
            f"{statistics.median(accuracies):.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})"
        )
    ratio = statistics.median(r["seconds"] for r in results["keras"]) / statistics.median(
        r["seconds"] for r in results["fast"]
    )
    print(f"ours takes 1/{ratio:.1f} of the time of Keras' example")


if __name__ == "__main__":
    main()
