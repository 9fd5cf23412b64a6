"""Models that would run code, or read files, where they are loaded carelessly.

What runs only touches a file, "ran", beside the models.
"""

import io
import json
from pathlib import Path

import model_files
import numpy as np

from digitlib.models.backend import keras

EVIL_MODULE = """
from pathlib import Path
ran = Path(__file__).parent / "ran"
ran = ran if ran.parent.name != "keras_core" else ran.parents[1] / "ran"
ran.touch()
class Dense:
    from_config = classmethod(lambda cls, config: cls())
run = lambda *arguments, **options: ran.touch()
"""
EVIL = {"class_name": "Dense", "module": "evil", "config": {}, "registered_name": None}


def function(module, name):
    return {"class_name": "function", "module": module, "config": name, "registered_name": None}


def layer(**part):
    return lambda model: model["config"]["layers"].insert(1, EVIL | part)


def within(key, value):
    return lambda model: model["config"]["layers"][-1]["config"].update({key: value})


def beside(key, value):
    return lambda model: model["config"]["layers"][-1].update({key: value})


def compiled_part(model):
    inner = json.loads(json.dumps(model))
    inner["config"]["layers"] = inner["config"]["layers"][:1]
    inner["compile_config"] = {"optimizer": "sgd", "loss": function("evil", "run")}
    model["config"]["layers"].insert(1, inner)


PAYLOADS = {
    "plain name in a strange module": layer(),
    "no name in a strange module": layer(class_name=None),
    "list as a name": layer(class_name=["Dense"], module="keras.layers"),
    "module beside Keras": layer(module="keras_core.layers"),
    "list as a module": layer(module=["keras.layers"]),
    "registered name": layer(module="keras.layers", registered_name="evil>Dense"),
    "function as a layer": layer(**function("evil", "run")),
    "activation": within("activation", function("evil", "run")),
    "subprocess": within("activation", function("subprocess", "call")),
    "builtins": within("activation", function("builtins", "eval")),
    "download": within("activation", function("keras.utils", "get_file")),
    "safe mode off": within(
        "activation", function("keras.config", "enable_unsafe_deserialization")
    ),
    "initializer": within("kernel_initializer", EVIL),
    "regularizer": within("kernel_regularizer", EVIL),
    "constraint": within("kernel_constraint", EVIL),
    "dtype": within("dtype", EVIL),
    "list": within("anything", [[{"deep": EVIL}]]),
    "build_config": beside("build_config", {"input_shape": EVIL}),
    "compile_config of a part": compiled_part,
    "optimizer of a part": within("optimizer", EVIL),
    "TFSMLayer": layer(class_name="TFSMLayer", module="keras.layers", config={"filepath": "/"}),
    "TorchModuleWrapper": layer(
        class_name="TorchModuleWrapper",
        module="keras.layers",
        config={"module": {"class_name": "__bytes__", "config": {"value": "gASVA"}}},
    ),
    "vocabulary": layer(
        class_name="StringLookup", module="keras.layers", config={"vocabulary": "/etc/hosts"}
    ),
    "TextVectorization": layer(
        class_name="TextVectorization", module="keras.layers", config={"vocabulary": "/etc/hosts"}
    ),
    "bare lambda": within("activation", {"class_name": "__lambda__", "config": {"value": "4wA="}}),
    "typespec": within("activation", EVIL | {"class_name": "__typespec__", "spec_name": "x"}),
}
FILES = [f"{name}{suffix}" for suffix in (".keras", ".h5") for name in (*PAYLOADS, "lambda")]
FILES += ["key twice.keras", "key twice.h5", "pickled weights.keras"]


class Pickled:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def written(folder: Path) -> Path:
    """Write FILES into a folder, the strange modules that they name, and plain models."""
    (folder / "evil.py").write_text(EVIL_MODULE)
    (folder / "keras_core").mkdir()
    (folder / "keras_core" / "__init__.py").write_text("")
    (folder / "keras_core" / "layers.py").write_text(EVIL_MODULE)
    (folder / "plain").mkdir()
    ran = folder / "ran"
    code = eval(f"lambda x: (__import__('pathlib').Path({str(ran)!r}).touch(), x)[1]")
    for suffix in (".keras", ".h5"):
        plain = folder / "plain" / f"model{suffix}"
        model_files.small_network().save(plain)
        model_files.small_network(keras.layers.Lambda(code)).save(folder / f"lambda{suffix}")
        for name, change in PAYLOADS.items():
            model_files.changed(plain, folder / f"{name}{suffix}", change)
        text = model_files.description(plain).replace(
            '"class_name": "Dense"', '"class_name": "Dense", "class_name": "Lambda"'
        )
        model_files.described(plain, folder / f"key twice{suffix}", text)
    arrays = io.BytesIO()
    np.savez(arrays, **{"layers/dense": np.array([Pickled(ran)], object)})
    parts = model_files.members(folder / "plain" / "model.keras")
    del parts[model_files.WEIGHTS]
    parts["model.weights.npz"] = arrays.getvalue()
    model_files.zipped(folder / "pickled weights.keras", parts.items())
    ran.unlink()
    return folder
