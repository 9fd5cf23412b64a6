"""The networks, and their files. Keras is imported by what needs it, when it is called."""

from digitlib.models.architectures import NETWORKS, classic_cnn, fast_cnn, reader_cnn
from digitlib.models.loading import Network, as_network_input, load_network, probabilities
from digitlib.models.saving import check_output, export_tflite, save

__all__ = [
    "NETWORKS", "Network", "as_network_input", "check_output", "classic_cnn",
    "export_tflite", "fast_cnn", "load_network", "probabilities", "reader_cnn", "save",
]  # fmt: skip
