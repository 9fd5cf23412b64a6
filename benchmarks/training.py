"""How fast the fast network learns, beside Keras' own example: `python benchmarks/training.py`.

With --well instead: how good the reader's network becomes when it learns MNIST alone, three seeds.

Ours trains its complete, fixed schedule and is scored once on the test images, at the end; Keras'
"Simple MNIST convnet" is scored after each epoch and stopped when it first reaches 99.0 %. They
take turns in one run, each in a process of its own; the time is `fit_seconds`, as a card has it.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

TARGET = 0.99


def ours(seed: int) -> dict:
    """Train the fast network, and return what to report."""
    return _trained("fast", seed)


def well(seed: int) -> dict:
    """Train the reader's network on MNIST's training images alone, and return what to report.

    The augmentation was chosen on validation images, before any of these runs.
    """
    return _trained("reader", seed, copies=0, epochs=20, rotation=10, scale=0.12, shift=1.5)


def _trained(network: str, seed: int, **changes) -> dict:
    from digitlib.datasets import load_digits
    from digitlib.training import recipe_for, scored, train

    dataset = load_digits("mnist")
    recipe = recipe_for(network, dataset, seed=seed, **changes)
    card = scored(train(network, dataset, recipe), dataset).card
    steps = card["epochs"] * (card["images_learnt_from"] // card["batch_size"])
    return {
        "seconds": card["fit_seconds"],
        "images": steps * card["batch_size"],
        "accuracy": card["test_accuracy"],
        "interval": card["test_interval"],
        "parameters": card["parameters"],
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


RUNS = {"ours": ours, "keras": keras_example, "well": well}


def run(which: str, seed: int) -> dict:
    """Run one training in a process of its own, so that peak memory is its own; print its row."""
    command = [sys.executable, __file__, "--one", which, "--seed", str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    r = json.loads(done.stdout.splitlines()[-1])
    low, high = r["interval"]
    print(
        f"{which:<6} seed {seed}: {r['seconds']:7.1f} s {r['images']:>8,} images  "
        f"{r['accuracy']:.2%} [{low:.2%}, {high:.2%}]  {r['parameters']:,} parameters  "
        f"{r['peak_mb']} MB",
        flush=True,
    )
    return r


def main() -> None:
    """Train in turns, and print a row each and the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--well", action="store_true", help="the reader's network, on MNIST alone")
    parser.add_argument("--one", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        result = RUNS[options.one](options.seed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result | {"peak_mb": round(peak)}))
        return
    if options.well:
        rows = [run("well", seed) for seed in range(3)]
        accuracies = [row["accuracy"] for row in rows]
        print(f"mean {statistics.mean(accuracies):.3%} over {len(rows)} seeds")
        return
    results = {"ours": [], "keras": []}
    for seed in range(options.seeds):
        for which in ("ours", "keras") if seed in (0, options.seeds // 2) else ("ours",):
            results[which].append(run(which, seed))
    for which, rows in results.items():
        seconds, accuracies = ([r[k] for r in rows] for k in ("seconds", "accuracy"))
        print(
            f"{which:<6} median {statistics.median(seconds):.1f} s "
            f"({min(seconds):.1f} to {max(seconds):.1f}), accuracy median "
            f"{statistics.median(accuracies):.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})"
        )
    ratio = statistics.median(r["seconds"] for r in results["keras"]) / statistics.median(
        r["seconds"] for r in results["ours"]
    )
    print(f"ours takes 1/{ratio:.1f} of the time of Keras' example")


if __name__ == "__main__":
    main()
