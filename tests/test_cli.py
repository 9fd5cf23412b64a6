import errno
import json
import os
import shutil
import subprocess
import sys

import pytest

from digitlib import __version__, cli, files
from digitlib.cli import main
from digitlib.datasets import load_digits
from digitlib.files import PRETRAINED, REPOSITORY, SAMPLES
from digitlib.models import NETWORKS


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_predict_prints_path_text_and_confidence(capsys):
    path = str(SAMPLES / "dark_on_light.png")
    assert main(["predict", path]) == 0
    [line] = lines(capsys)
    shown, text, confidence = line.split("\t")
    assert (shown, text) == (path, "7")
    assert confidence.endswith("%") and 40 <= int(confidence[:-2]) <= 100


def test_predict_json_has_a_line_a_picture_and_reads_on_after_an_error(capsys, tmp_path):
    bad = tmp_path / "no\npicture.png"
    bad.write_text("no")
    paths = [SAMPLES / "several_digits.jpg", bad, SAMPLES / "blank_paper.jpg"]
    assert main(["predict", "--json", *map(str, paths)]) == 1
    several, broken, blank = map(json.loads, lines(capsys))
    assert several["text"] == "20619" and several["error"] is None
    assert [d["digit"] for d in several["digits"]] == [2, 0, 6, 1, 9]
    assert all(len(d["box"]) == 4 and 0 < d["confidence"] <= 1 for d in several["digits"])
    assert broken["path"] == str(bad) and broken["text"] == "" and broken["confidence"] is None
    assert "not a picture" in broken["error"] and "\n" not in broken["error"]
    assert blank["text"] == "" and blank["digits"] == [] and blank["confidence"] > 0.5


def test_predict_takes_folders_and_globs(capsys, tmp_path):
    folder = tmp_path / "pictures" / "more"
    folder.mkdir(parents=True)
    for name in ("a.png", "B.PNG", "notes.txt"):
        shutil.copy(SAMPLES / "dark_on_light.png", folder / name)
    assert main(["predict", str(tmp_path / "pictures")]) == 0
    assert [line.split("\t")[1] for line in lines(capsys)] == ["7", "7"]
    assert main(["predict", str(folder / "*.p*")]) == 0
    assert len(lines(capsys)) == 1
    (tmp_path / "empty").mkdir()
    assert main(["predict", str(tmp_path / "empty")]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_control_characters_in_paths_are_escaped(capsys, tmp_path):
    path = tmp_path / "a\nb.png"
    shutil.copy(SAMPLES / "dark_on_light.png", path)
    assert main(["predict", str(path)]) == 0
    [line] = lines(capsys)
    assert "a\\nb.png\t7\t" in line


@pytest.mark.parametrize(
    "arguments",
    [[], ["predict"], ["train", "--epochs", "0"], ["train", "--network", "x"], ["sing"]],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "x.png", "--model", "none.keras"], "no model file"),
        (["predict", "x.png", "--model", ""], ". is not a model: the name must end"),
        (["train", "--output", "model.pt"], "must end in .keras or .h5"),
    ],
)
def test_errors_are_one_sentence(arguments, words, capsys):
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and "Traceback" not in said


def test_what_needs_no_network_starts_no_tensorflow():
    code = (
        "import sys; from digitlib.cli import main\n"
        "try: status = main(sys.argv[1:])\n"
        "except SystemExit as stopped: status = stopped.code\n"
        "print(status, [m for m in ('numpy', 'keras', 'tensorflow') if m in sys.modules])"
    )

    def loaded(*arguments):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[-1]

    assert loaded("--help") == "0 []"
    assert loaded("train", "--network", "x") == "2 []"
    assert loaded("train", "--output", "m.pt") == "1 ['numpy']"


def test_the_choices_are_the_networks_and_datasets_there_are():
    assert tuple(NETWORKS) == cli.NETWORKS
    with pytest.raises(ValueError) as raised:
        load_digits("x")
    assert all(repr(name) in str(raised.value) for name in cli.DATASETS)


def test_train_evaluate_and_predict_with_the_result(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["--network", "fast", "--data", "uci", "--epochs", "10", "--output", "m.h5"]
    assert main(["train", *arguments, "--json"]) == 0
    card = json.loads(lines(capsys)[-1])
    assert card == json.loads((tmp_path / "m.h5.card.json").read_text())
    assert card["network"] == "fast" and card["test_accuracy"] > 0.8
    assert main(["evaluate", "--model", "m.h5", "--data", "uci", "--json"]) == 0
    result = json.loads(lines(capsys)[-1])
    assert result["images"] == 500 and result["accuracy"] == pytest.approx(card["test_accuracy"])
    assert result["interval"][0] < result["accuracy"] < result["interval"][1]
    assert main(["predict", "--model", "m.h5", str(SAMPLES / "dark_on_light.png")]) == 0
    assert len(lines(capsys)) == 1


def test_a_card_is_repeated_and_a_damaged_one_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = ["--network", "fast", "--data", "uci", "--epochs", "1", "--seed", "3"]
    assert main(["train", *first, "--deterministic", "--json", "--output", "a.keras"]) == 0
    like = ["--like", "a.keras.card.json", "--data", "uci", "--json", "--output", "b.keras"]
    assert main(["train", *like, "--resume"]) == 0
    a, b = (json.loads(line) for line in lines(capsys))
    same = ("network", "seed", "epochs", "test_accuracy", "validation_accuracy", "deterministic")
    assert [a[name] for name in same] == [b[name] for name in same]
    assert (tmp_path / "a.keras.log.csv").is_file() and not list(tmp_path.glob("*.checkpoint"))
    for damaged in ("[1]", "{", '{"network": "fast"}'):
        (tmp_path / "c.json").write_text(damaged)
        assert main(["train", "--like", "c.json", "--data", "uci"]) == 1
        said = capsys.readouterr().err
        assert "card" in said and said.count("\n") == 1
    assert main(["train", "--like", "a.keras.card.json", "--epochs", "2"]) == 1


def test_evaluate_the_shipped_model(capsys):
    assert main(["evaluate", "--data", "uci", "--json"]) == 0
    assert json.loads(lines(capsys)[-1])["accuracy"] > 0.9


def test_data_says_where_and_what(capsys, nowhere):
    assert main(["data", "--verify"]) == 0
    said = capsys.readouterr()
    assert "UCI digits, found in scikit-learn" in said.out and "1,297" in said.out
    assert len([line for line in said.out.splitlines() if len(line.split()[0]) == 64]) == 4
    assert "NOTICE" in said.err


def test_python_m_digitlib_and_a_closed_pipe():
    paths = [str(SAMPLES / "dark_on_light.png")] * 3
    command = [sys.executable, "-m", "digitlib", "predict", *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert errors == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is full is Linux's")
def test_a_full_disk_is_one_sentence():
    path = str(SAMPLES / "dark_on_light.png")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "digitlib", "predict", path],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
        )
    assert done.returncode == 1 and done.stderr == b"digitlib: No space left on device.\n"


def test_a_folder_that_may_not_be_listed_is_named_and_the_others_are_read(
    tmp_path, monkeypatch, capsys
):
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        shutil.copy(SAMPLES / "coloured.png", tmp_path / name)
    closed = str(tmp_path / "closed")

    def refusing(function):
        def listing(path="."):
            if str(path) == closed:
                raise PermissionError(errno.EACCES, "Permission denied", closed)
            return function(path)

        return listing

    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    for given in (tmp_path, f"{tmp_path}/**/*.png"):
        assert main(["predict", str(given)]) == 1
        said = capsys.readouterr()
        assert said.out.startswith(str(tmp_path / "open" / "coloured.png"))
        assert said.err == f"digitlib: {closed} cannot be opened: Permission denied.\n"


def test_a_file_that_may_not_be_written_is_named(tmp_path, monkeypatch, capsys):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", "readings.parquet")

    monkeypatch.setattr(cli, "_predict_to", refused)
    assert main(["predict", "x.png", "--output", "readings.parquet"]) == 1
    said = "digitlib: readings.parquet: Permission denied; check the path.\n"
    assert capsys.readouterr().err == said


def test_the_cards_of_the_shipped_models_reach_what_is_claimed():
    classic = json.loads((PRETRAINED / "classic.keras.card.json").read_text())
    assert classic["dataset"] == "MNIST" and classic["test_accuracy"] >= 0.992
    assert classic["test_interval"][0] > 0.99


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0 and capsys.readouterr().out == f"digitlib {__version__}\n"


def run(*arguments, **options):
    command = [sys.executable, "-m", "digitlib", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, **options)


def test_a_picture_comes_from_standard_input():
    content = (SAMPLES / "dark_on_light.png").read_bytes()
    done = run("predict", "-", SAMPLES / "coloured.png", input=content)
    lines = [line.split("\t")[:2] for line in done.stdout.decode().splitlines()]
    assert lines == [["-", "7"], [str(SAMPLES / "coloured.png"), "5"]] and done.returncode == 0
    done = run("predict", "-", input=b"")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"digitlib: Standard input is empty; give a picture file.\n"
    done = run("predict", "-", "--output", "x.parquet", input=content)
    assert done.returncode == 1 and b"- is none" in done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "cp932", "ascii"])
def test_a_name_that_the_code_page_lacks_ends_no_run(tmp_path, encoding):
    for name in ("a.png", "数字ü.png", "z.png"):
        shutil.copy(SAMPLES / "dark_on_light.png", tmp_path / name)
    done = run("predict", tmp_path, env=os.environ | {"PYTHONIOENCODING": encoding})
    lines = done.stdout.decode(encoding).splitlines()
    assert done.returncode == 0 and [line.split("\t")[1] for line in lines] == ["7"] * 3
    assert "数" in lines[2] or r"\u6570" in lines[2]


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "2>&- >&- <&-"])
def test_without_standard_streams_it_reads_all_the_same(tmp_path, closed):
    output = tmp_path / "out"
    command = f'"$0" -m digitlib predict "$1" "$2" {closed}'
    if ">&-" not in closed.replace("2>&-", ""):
        command += f' > "{output}"'
    given = [sys.executable, SAMPLES / "dark_on_light.png", tmp_path / "none.png"]
    done = subprocess.run(["bash", "-c", command, *given], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "" if "2>&-" in closed else f"digitlib: There is no file {given[2]}; check the path.\n"
    )
    if output.exists():
        assert output.read_text().split("\t")[1] == "7"


def test_no_control_characters_of_our_arguments_are_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    escape = "e\x1b[31m"
    for arguments in (
        ["evaluate", "--data", escape],
        ["predict", "x.png", "--output", f"{escape}.txt"],
        ["predict", "x.png", "--model", f"{escape}.keras"],
        ["train", "--output", f"{escape}.pt"],
        ["train", "--like", escape],
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert r"e\x1b[31m" in said and "\x1b" not in said and said.count("\n") == 1
    for arguments in (["predict", f"--{escape}"], ["train", "--epochs", escape], [escape]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "\x1b" not in capsys.readouterr().err


def test_what_is_not_installed_is_named_with_what_can_be_installed(monkeypatch, capsys):
    for module, words in {
        "pyarrow": f'run: pip install "digitlib[bulk] @ git+{REPOSITORY}"',
        "keras": f'run: pip install "digitlib[train] @ git+{REPOSITORY}"',
        "ai_edge_litert": "no version for Intel Macs, Windows on ARM",
    }.items():
        error = ModuleNotFoundError(f"No module named {module!r}", name=module)

        def missing(options, error=error):
            raise error

        monkeypatch.setattr(cli, "_predict", missing)
        assert main(["predict", "x.png"]) == 1
        said = capsys.readouterr().err
        assert words in said and said.startswith("digitlib: this needs ") and said.count("\n") == 1


def test_one_core_has_one_worker(tmp_path, monkeypatch):
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    monkeypatch.setattr(files, "CGROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    assert files.usable_cores() == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert files.usable_cores() == 64
    (tmp_path / "cpu").mkdir()
    for name, number in {"cpu.cfs_quota_us": -1, "cpu.cfs_period_us": 100_000}.items():
        (tmp_path / "cpu" / name).write_text(f"{number}\n")
    assert files.usable_cores() == 64
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("400000\n")
    assert files.usable_cores() == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3}, raising=False)
    assert files.usable_cores() == 1


@pytest.mark.skipif(load_digits().name != "MNIST", reason="needs MNIST")
@pytest.mark.parametrize("name", ["reader", "classic"])
def test_a_card_says_what_evaluate_says(name, capsys):
    """Of the network as LiteRT runs it: rounding may decide on one image or two."""
    card = json.loads((PRETRAINED / f"{name}.keras.card.json").read_text())
    model = str(PRETRAINED / f"{name}.tflite")
    assert main(["evaluate", "--data", "mnist", "--model", model, "--json"]) == 0
    result = json.loads(lines(capsys)[-1])
    assert result["images"] == 10_000
    assert abs(result["correct"] - round(10_000 * card["test_accuracy"])) <= 2
