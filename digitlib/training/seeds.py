"""Every random number of a run, from the one seed of its recipe.

What is drawn apart has a stream of its own, named by the epoch and the step where it is drawn anew.
So no stream depends on how often another was drawn from, and a resumed run draws what an
undisturbed one would have drawn. Saved cards promise that their run can be repeated: these values
stay as they are.

The split into training and validation images, and the first weights, take the seed itself.
`digitlib.synthesis.reader_images` makes pictures in chunks, each from its seed, copy and place.
"""


def pictures(seed: int, validation: bool = False) -> int:
    """Return the seed of the pictures made by code; those to validate on are other ones."""
    return seed + 1_000_000 if validation else seed


def order(seed, epoch) -> tuple:
    """Return the seed of the order of the images in an epoch; numbers or tensors."""
    return seed, epoch


def augmentation(seed, epoch, step, images: int) -> tuple:
    """Return the seed of one batch's augmentation, of an epoch that has so many images."""
    return seed, epoch * images + step


def dropout(seed: int, layer: int, epoch: int) -> tuple[int, int]:
    """Return the state of a layer's generator as an epoch begins; it counts on from there."""
    return seed * 1000 + layer, epoch * 1_000_000
