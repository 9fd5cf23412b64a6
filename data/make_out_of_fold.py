"""Make the out-of-fold probabilities that ship with digitlib: `python data/make_out_of_fold.py`.

MNIST's training images are split into two stratified halves. The fast network is trained on each
half for one epoch (batches of 128, the rest as in its recipe) and judges the other. Takes a minute.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from digitlib.datasets import dataset_digest, load_digits
from digitlib.files import OUT_OF_FOLD
from digitlib.models import probabilities
from digitlib.training import recipe_for, train

SEED = 0


def main() -> None:
    """Train the fast network on each half, and save its probabilities for the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUT_OF_FOLD)
    output = parser.parse_args().output
    dataset = load_digits("mnist")
    result = np.zeros((len(dataset.train_labels), 10), np.uint8)
    halves = StratifiedKFold(2, shuffle=True, random_state=SEED)
    first, second = next(halves.split(dataset.train_images, dataset.train_labels))
    for learn, judge in ((first, second), (second, first)):
        half = replace(
            dataset,
            train_images=dataset.train_images[learn],
            train_labels=dataset.train_labels[learn],
        )
        recipe = recipe_for("fast", half, epochs=1, batch_size=128, seed=SEED)
        model = train("fast", half, recipe).model
        result[judge] = np.round(255 * probabilities(model, dataset.train_images[judge]))
    np.savez_compressed(output, probabilities=result, dataset_sha256=dataset_digest(dataset))
    right = np.mean(result.argmax(axis=1) == dataset.train_labels)
    print(f"out of fold, {right:.2%} agree with their label; saved as {output}")


if __name__ == "__main__":
    main()
