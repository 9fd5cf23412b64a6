"""What decides a training run, beside the network and the data: one recipe for each network."""

from dataclasses import dataclass, fields, replace

from digitlib.datasets.digits import Dataset, dataset_digest

MNIST_TRAINING_IMAGES = 60_000


@dataclass(frozen=True)
class Recipe:
    """What decides a training run, beside the network and the data.

    The learning rate rises to `peak_rate` over the first tenth of the steps, then falls along a
    cosine to zero. Rotation (degrees), scale (relative) and shift (pixels) bound the augmentation,
    `digitlib.training.pipeline.random_affine`. `beta_1` and `beta_2` are Adam's: in few steps, a
    shorter memory than its usual one of 1,000 steps learns more.
    """

    epochs: int
    batch_size: int
    peak_rate: float
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    seed: int = 0
    validation_fraction: float = 1 / 12  # 5,000 of MNIST's 60,000
    copies: int = 0  # how often digitlib.synthesis redraws each image; 0: learn it as it is
    label_smoothing: float = 0.0
    beta_1: float = 0.9
    beta_2: float = 0.999


RECIPES = {
    "classic": Recipe(
        epochs=6,
        batch_size=128,
        peak_rate=0.003,
        rotation=6,
        scale=0.08,
        shift=1,
        label_smoothing=0.1,
        beta_1=0.8,
        beta_2=0.95,
    ),
    "fast": Recipe(
        epochs=1, batch_size=128, peak_rate=0.014, label_smoothing=0.1, beta_1=0.8, beta_2=0.9
    ),
    "reader": Recipe(
        epochs=8, batch_size=128, peak_rate=0.005, rotation=5, scale=0.06, shift=1, copies=3
    ),
}

# What cards did not say at first, and what it was.
LATER = {"label_smoothing": 0.0, "beta_1": 0.9, "beta_2": 0.999}

# Name, type, lowest and highest: what lies beyond is a slip of the pen.
RANGES: tuple[tuple[str, type, float, float | None], ...] = (
    ("epochs", int, 1, 10_000),
    ("validation_fraction", float, 0.001, 0.9),
    ("batch_size", int, 1, None),  # None: the images to learn from
    ("seed", int, 0, 2**31 - 1),
    ("copies", int, 0, 100),
    ("peak_rate", float, 0.0, 10.0),
    ("rotation", float, 0, 180),
    ("scale", float, 0, 0.9),
    ("shift", float, 0, 28),
    ("label_smoothing", float, 0, 0.9),
    ("beta_1", float, 0, 0.999),
    ("beta_2", float, 0, 0.9999),
)


def rounds(dataset: Dataset) -> int:
    """Return how often to go through a dataset's training images for one epoch of MNIST's, 1..10.

    A network learns in steps; with few images, one epoch is over before it has begun.
    """
    return min(10, max(1, MNIST_TRAINING_IMAGES // max(1, len(dataset.train_labels))))


def recipe_for(network: str, dataset: Dataset, **changes) -> Recipe:
    """Return a network's recipe, fitted to the dataset; `changes` that are None are left out.

    A dataset much smaller than MNIST gets more epochs and smaller batches, unless changed.

    Raises
    ------
    ValueError
        If the network is unknown, or a change is out of range.

    Examples
    --------
    >>> from digitlib.datasets import load_digits
    >>> recipe = recipe_for("classic", load_digits("uci"), seed=1)
    >>> recipe.epochs, recipe.batch_size, recipe.seed
    (60, 32, 1)
    """
    if network not in RECIPES:
        raise ValueError(f"There is no network {network!r}: choose {' or '.join(RECIPES)}.")
    changes = {name: value for name, value in changes.items() if value is not None}
    recipe, repeats = RECIPES[network], rounds(dataset)
    small = {"epochs": recipe.epochs * repeats, "batch_size": 32} if repeats > 1 else {}
    return _checked(replace(recipe, **(small | changes)), dataset)


def recipe_like(card: dict, dataset: Dataset) -> Recipe:
    """Return the recipe that a card was made with.

    Raises
    ------
    ValueError
        If the card is of another dataset, lacks a hyper-parameter, or has one out of range.
    """
    card = LATER | card
    names = [f.name for f in fields(Recipe)]
    if missing := [name for name in ("network", "dataset_sha256", *names) if name not in card]:
        raise ValueError(f"The card says nothing of {', '.join(missing)}; give one of digitlib's.")
    if str(card["network"]) not in RECIPES:
        raise ValueError(f"The card's network {card['network']!r} is none of {', '.join(RECIPES)}.")
    if card["dataset_sha256"] != dataset_digest(dataset):
        raise ValueError(
            f"The card was made with {card.get('dataset')}, not with this {dataset.name}; "
            "see digitlib data."
        )
    return _checked(Recipe(**{name: card[name] for name in names}), dataset)


def _checked(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe if every number in it makes sense for this dataset."""
    for name, kind, low, high in RANGES:
        if high is None:
            high = int(len(dataset.train_labels) * (1 - recipe.validation_fraction))
        value = getattr(recipe, name)
        is_number = isinstance(value, int if kind is int else int | float)
        if not is_number or isinstance(value, bool) or not low <= value <= high:
            words = "a whole number" if kind is int else "a number"
            raise ValueError(f"{name} is {value!r}; it must be {words} from {low} to {high:,}.")
    return recipe
