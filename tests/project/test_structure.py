"""The house: which room may import which, and what importing a room costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "digitlib"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Who may import whom, beside itself; and which third parties, the room's own.
FOUNDATION = {"errors", "files"}
ROOMS = {
    "errors": (set(), ""),
    "files": (set(), ""),
    "evaluation": (set(), "numpy scipy"),
    "models": (FOUNDATION, "numpy keras tensorflow h5py ai_edge_litert"),
    "reading": (FOUNDATION | {"models"}, "numpy scipy PIL pillow_heif tqdm fsspec"),
    "datasets": (
        FOUNDATION | {"reading"},
        "numpy scipy PIL requests platformdirs locket tqdm sklearn",
    ),
    "label_errors": (FOUNDATION | {"datasets"}, "numpy sklearn"),
    "synthesis": (FOUNDATION | {"reading"}, "numpy scipy PIL matplotlib"),  # for its fonts
    "training": (
        FOUNDATION | {"synthesis", "datasets", "models", "evaluation"},
        "numpy keras tensorflow h5py locket tqdm sklearn",
    ),
    "bulk": (FOUNDATION | {"reading"}, "dask distributed pyarrow locket tqdm"),
    "app": (
        FOUNDATION | {"reading", "datasets"},
        "numpy PIL anywidget traitlets h5py",
    ),
    "lessons": (
        FOUNDATION
        | {"evaluation", "models", "reading", "datasets", "label_errors", "synthesis", "training"},
        "numpy PIL scipy matplotlib seaborn IPython google",
    ),
    "cli": (None, ""),
    "__main__": ({"cli"}, ""),
}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(path: Path, at_top_alone: bool = False):
    """Yield (module, name or None) for each import statement of a file, in functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_top_alone else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield from ((node.module, alias.name) for alias in node.names)


def targets(path: Path) -> set[str]:
    """Return the modules of digitlib that a file imports."""
    found = set()
    for module, name in imports(path):
        if module.split(".")[0] == "digitlib":
            whole = f"{module}.{name}"
            found.add(whole if whole in MODULES else module)
    return found


@pytest.mark.parametrize("module", [name for name in MODULES if "." in name])
def test_a_module_imports_what_its_room_may(module):
    room = room_of(module)
    may, third_parties = ROOMS[room]
    others = {room_of(target) for target in targets(MODULES[module])} - {room, ""}
    if may is not None:
        assert others <= may
    tops = {name.split(".")[0] for name, _ in imports(MODULES[module])}
    assert tops - {"digitlib"} - set(sys.stdlib_module_names) <= set(third_parties.split())


def test_reading_knows_of_models_only_how_to_load_one():
    names = {
        name
        for module, path in MODULES.items()
        if room_of(module) == "reading"
        for origin, name in imports(path)
        if origin.startswith("digitlib.models")
    }
    assert names - {"Network"} == {"load_network"}  # the other is a type


def test_of_reading_datasets_knows_the_pictures_of_labelled_folders():
    users = {
        m
        for m, p in MODULES.items()
        if room_of(m) == "datasets" and any(room_of(t) == "reading" for t in targets(p))
    }
    assert users == {"digitlib.datasets.labelled_folder"}
    assert targets(MODULES[users.pop()]) <= {
        *("digitlib.errors", "digitlib.files", "digitlib.reading", "digitlib.reading.pictures"),
    }


def test_the_command_line_imports_inside_its_functions():
    tops = {m for m, _ in imports(MODULES["digitlib.cli"], at_top_alone=True)}
    assert {m for m in tops if m.startswith("digitlib")} <= {"digitlib", "digitlib.errors"}
    assert tops - set(sys.stdlib_module_names) <= {"digitlib", "digitlib.errors"}


def test_no_circle_among_modules():
    arrows = {module: targets(path) - {module} for module, path in MODULES.items()}
    # A package's __init__ is run before its parts, and gathers them: arrows back to it are none.
    arrows = {m: {t for t in ts if not m.startswith(f"{t}.")} for m, ts in arrows.items()}
    while arrows:
        free = {module for module, others in arrows.items() if not others & arrows.keys()}
        assert free, f"a circle among {sorted(arrows)}"
        arrows = {m: others for m, others in arrows.items() if m not in free}


def test_nothing_private_crosses_a_file():
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        ours = set()
        for origin, name in imports(path):
            if origin.startswith("digitlib") and name is not None:
                assert not name.startswith("_") or name == "__version__", f"{module}: {name}"
                if f"{origin}.{name}" in MODULES:
                    ours.add(name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id not in ours or not node.attr.startswith("_"), module


def test_names_of_modules_are_public_and_two_levels_deep():
    for module in MODULES:
        parts = module.split(".")
        assert len(parts) <= 3, module
        assert parts[-1] == "__main__" or not any(part.startswith("_") for part in parts), module
    assert {room_of(module) for module in MODULES} - {""} == ROOMS.keys()


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh Python has after running code."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {
    *("tensorflow", "keras", "dask", "distributed", "pyarrow", "matplotlib", "seaborn"),
    *("ipywidgets", "anywidget", "requests", "sklearn", "fsspec", "IPython"),
}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import digitlib.reading", set()),
        ("import digitlib.datasets, digitlib.datasets.labelled_folder", set()),
        ("import digitlib.models, digitlib.evaluation, digitlib.label_errors", set()),
        ("import digitlib.synthesis", set()),
        ("from digitlib.training import cards, recipes", set()),
        ("import digitlib.app.widgets", {"ipywidgets", "anywidget", "IPython"}),
        ("import digitlib.app, digitlib.app.server, digitlib.app.answers", set()),
        ("import digitlib.lessons", {"matplotlib", "seaborn"}),
        ("import digitlib.bulk", {"dask", "distributed", "pyarrow", "fsspec"}),
        ("import digitlib; digitlib.read(__import__('PIL.Image').Image.new('L', (9, 9)))", set()),
    ],
)
def test_a_room_loads_its_own_third_parties_alone(code, allowed):
    assert not loaded_by(code) & (HEAVY - allowed)


def test_the_front_door_costs_nothing():
    assert not loaded_by("import digitlib, digitlib.cli") & (HEAVY | {"numpy", "scipy", "PIL"})


def test_the_front_door_is_what_it_says():
    code = (
        "import digitlib; before = {n for n in vars(digitlib) if not n.startswith('_')};"
        "import types; names = {n: getattr(digitlib, n) for n in digitlib.__all__};"
        "print(sorted(before - {'importlib'}), dir(digitlib) == digitlib.__all__, *names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        *("[]", "True", "Dataset", "Digit", "ModelError", "PictureError", "Reading", "Recognizer"),
        *("__version__", "load_digits", "load_network", "prepare", "read", "train"),
    ]
    import digitlib

    with pytest.raises(AttributeError, match="no attribute 'reader'"):
        digitlib.reader  # noqa: B018


@pytest.mark.parametrize(
    "room", ["datasets", "models", "reading", "synthesis", "training", "lessons", "app", "bulk"]
)
def test_a_room_has_what_its_door_says(room):
    module = __import__(f"digitlib.{room}", fromlist=["__all__"])
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    assert module.__doc__
