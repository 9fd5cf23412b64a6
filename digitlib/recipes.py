"""What decides a training run, beside the network and the data: one recipe for each network."""

from dataclasses import dataclass, fields, replace

from digitlib.datasets import Dataset, dataset_digest

MNIST_TRAINING_IMAGES = 60_000


@dataclass(frozen=True)
class Recipe:
    """What decides a training run, beside the network and the data.

    The learning rate rises to `peak_rate` over the first tenth of the steps, then falls along a
    cosine to zero. Rotation (degrees), scale (relative) and shift (pixels) bound the alterations
    of `digitlib.pipeline.random_affine`.
    """

    epochs: int
    batch_size: int
    peak_rate: float
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    seed: int = 0
    validation_fraction: float = 1 / 12  # 5,000 of MNIST's 60,000
    copies: int = 0  # how often digitlib.augmentation redraws each image; 0: learn it as it is


RECIPES = {
    "classic": Recipe(epochs=12, batch_size=128, peak_rate=0.003, rotation=6, scale=0.08, shift=1),
    "fast": Recipe(epochs=3, batch_size=128, peak_rate=0.01, rotation=6, scale=0.08, shift=1),
    "reader": Recipe(
        epochs=6, batch_size=128, peak_rate=0.005, rotation=5, scale=0.06, shift=1, copies=3
    ),
}


def recipe_for(network: str, dataset: Dataset, **changes) -> Recipe:
    """Return a network's recipe, fitted to the dataset; `changes` that are None are left out.

    A dataset much smaller than MNIST gets more epochs (up to ten times as many) and smaller
    batches, or the network would end its training before it had begun.

    Raises
    ------
    ValueError
        If the network is unknown, or a change is not a positive number.
    """
    if network not in RECIPES:
        raise ValueError(f"There is no network {network!r}: choose {' or '.join(RECIPES)}.")
    changes = {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value < (0 if name == "seed" else 1):
            raise ValueError(f"{name} is {value}; it must be at least 1.")
    recipe = RECIPES[network]
    rounds = min(10, max(1, MNIST_TRAINING_IMAGES // len(dataset.train_labels)))
    small = {"epochs": recipe.epochs * rounds, "batch_size": 32} if rounds > 1 else {}
    if "epochs" in changes:
        changes["epochs"] *= rounds
    return replace(recipe, **(small | changes))


def recipe_like(card: dict, dataset: Dataset) -> Recipe:
    """Return the recipe that a card was made with.

    Raises
    ------
    ValueError
        If the card is of another dataset, or lacks a hyper-parameter.
    """
    if card.get("dataset_sha256") != dataset_digest(dataset):
        raise ValueError(
            f"The card was made with {card.get('dataset')}, not with this {dataset.name}; "
            "see digitlib data."
        )
    names = [f.name for f in fields(Recipe)]
    if missing := [name for name in ("network", *names) if name not in card]:
        raise ValueError(
            f"The card says nothing of {', '.join(missing)}; give a card of digitlib's."
        )
    return Recipe(**{name: card[name] for name in names})
