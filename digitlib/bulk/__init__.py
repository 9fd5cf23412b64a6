"""Very many pictures, read on many cores or machines into Parquet (the extra ``bulk``)."""

from digitlib.bulk.predict import predict_to

__all__ = ["predict_to"]
