"""Training pictures made by code: digits as people write them, and what is no digit."""

from digitlib.synthesis.training_set import reader_images

__all__ = ["reader_images"]
