"""Where digits come from: MNIST, found or downloaded, or the small set that stands in for it."""

from digitlib.datasets.digits import NAMES, Dataset, dataset_digest, load_digits, part_digests

__all__ = ["NAMES", "Dataset", "dataset_digest", "load_digits", "part_digests"]
