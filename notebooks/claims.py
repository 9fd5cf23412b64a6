"""Compare each number in the notebooks' prose with what a cell prints.

`python notebooks/claims.py --seeds [01 ...]` runs notebooks with five seeds, and writes into the
tables what each number was, and how far it may lie from the prose. `notebooks/check.py` compares.

tests/project/claims/NN.csv has the rows of a notebook and its answers. A row names the notebook, a
`sentence` of its prose with one number in braces, and a `pattern`, whose group captures the number
in exactly one printed line. Where training decides what is printed, in cells that are tagged
nbval-ignore-output, `seeds` has the values of five seeds, and the `tolerance` is three standard
deviations of these; else it is half of the last digit of the prose.
"""

import argparse
import csv
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent
TABLES = NOTEBOOKS.parent / "tests" / "project" / "claims"
TRAINED = "nbval-ignore-output"  # the tag of cells that print what depends on training
SEEDS = range(5)
DEVIATIONS = 3  # a normal value lies that near 997 times in 1,000
ABOUT = 2  # points of per cent: what may differ by more is said to be "about"
OWN_NETWORK = "my_first_network.keras"  # made by one notebook, used by later ones

# What is no prose: code, images, targets of links, addresses, tags and entities of HTML, indices,
# and the numbers of headings and exercises.
NO_PROSE = re.compile(
    r"```.*?```|<(pre|code|sub|sup)\b.*?</\1>|``.*?``|`[^`]*`|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)"
    r"|https?://\S+|<[^>]+>|&#?\w+;|^#+ *\d+(?:\.\d+)*|\b[1-5]\.[1-9]\b(?=\*\*)|\b[1-3]-?D\b"
    r"|\b(?:[Ee]xercise|[Ss]ection)s? \d\.\d|^\d+\.(?= )",
    re.DOTALL | re.MULTILINE,
)
MARKS = re.compile(r"\*+|<[^>]+>")  # that a sentence in a table may leave out
NUMERAL = re.compile(r"(?<![\w.])(?:(?<![^\s(])[-\u2212])?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
LONE_DIGIT = re.compile(r"\d")
POINTS = r"[\s\0*]*(?:%|per cent|points?\b)"
OTHERS = r"(?:[\s\0*]*(?:,|to|or|and|-|\u2013)[\s\0*]*[\d.]+)*"  # as in "91, 40 and 12 %"
SHARE = re.compile(OTHERS + POINTS)
UNIT = re.compile(rf"{POINTS}|[\s\0*]*times\b")


@dataclass(frozen=True)
class Claim:
    """One row of a table: a number in the prose, and where it is printed."""

    notebook: str
    sentence: str
    pattern: str
    seeds: str = ""
    tolerance: str = ""

    @property
    def numeral(self) -> str:
        """The number as the prose has it."""
        return self.sentence.partition("{")[2].partition("}")[0]

    def __str__(self) -> str:
        return f"{self.notebook}: {self.sentence!r}"


COLUMNS = [field.name for field in fields(Claim)]


@dataclass(frozen=True)
class Line:
    """A line that a notebook printed, and whether it depends on training."""

    text: str
    trained: bool


def value(numeral: str) -> float:
    """Return the number that a numeral stands for.

    >>> value("60,000"), value("\u22120.5")
    (60000.0, -0.5)
    """
    return float(numeral.replace(",", "").replace("\u2212", "-"))


def half_last_digit(numeral: str) -> float:
    """Return how far a number may lie from a numeral that is rounded to it.

    >>> half_last_digit("91"), half_last_digit("0.25")
    (0.5, 0.005)
    """
    return 0.5 / 10 ** len(numeral.partition(".")[2])


def read_table(path: Path) -> list[Claim]:
    """Return the rows of a table; a ValueError says which one is no claim."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"{path.name}: expected the columns {','.join(COLUMNS)}")
        claims = [Claim(**row) for row in reader]
    for claim in claims:
        if claim.sentence.count("{") != 1 or not NUMERAL.fullmatch(claim.numeral):
            raise ValueError(f"{claim}: expected one number in braces")
        if re.compile(claim.pattern).groups != 1:
            raise ValueError(f"{claim}: expected a pattern with one group")
    return claims


def write_table(path: Path, claims: Iterable[Claim]) -> None:
    """Write the rows of a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(claim, name) for name in COLUMNS] for claim in claims)


def read_constants(path: Path = TABLES / "constants.txt") -> re.Pattern:
    """Return a pattern for the numerals that need no row."""
    lines = [line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    return re.compile("|".join(f"(?:{line})" for line in lines if line))


def prose_of(notebook: nbformat.NotebookNode) -> str:
    """Return all markdown of a notebook."""
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def without_code(text: str) -> str:
    """Return a text of the same length, with zeros (NUL) where it is no prose.

    >>> without_code("in `x[3]` 4 are").replace(chr(0), "_")
    'in ______ 4 are'
    """
    return NO_PROSE.sub(lambda match: "\0" * len(match[0]), text)


def find_sentence(sentence: str, text: str) -> list[int]:
    """Return where the number of a sentence stands in a text, for each time the sentence is there.

    The sentence may be written with the text's marks and tags or without; spaces count as one.
    """
    before, _, rest = sentence.partition("{")
    numeral, _, after = rest.partition("}")
    parts = [
        re.sub(r"(?:\\\s)+|\s+", r"\\s+", re.escape(part)) for part in (before, numeral, after)
    ]
    wanted = re.compile("{}({}){}".format(*parts))
    found = [match.start(1) for match in wanted.finditer(text)]
    if found:
        return found
    kept = [at for start, end in _between(MARKS, text) for at in range(start, end)]
    bare = "".join(text[at] for at in kept)
    return [kept[match.start(1)] for match in wanted.finditer(bare)]


def _between(marks: re.Pattern, text: str) -> Iterable[tuple[int, int]]:
    """Yield where the parts of a text between marks begin and end."""
    start = 0
    for match in marks.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def faults_of_prose(
    notebook: nbformat.NotebookNode, claims: Sequence[Claim], constants: re.Pattern
) -> list[str]:
    """Return what is wrong with the numbers in the prose: each has to be claimed, or a constant."""
    text = prose_of(notebook)
    masked = without_code(text)
    numerals = {match.start(): match[0] for match in NUMERAL.finditer(masked)}
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    exercises = set(re.findall(r'\bcheck\("([\d.]+)"', code))
    faults, claimed = [], set()
    for claim in claims:
        found = find_sentence(claim.sentence, text)
        if len(found) != 1:
            faults.append(f"{claim} stands {len(found)} times in the prose; expected once")
        elif numerals.get(found[0]) != claim.numeral:
            faults.append(f"{claim}: the prose has no such number there")
        elif found[0] in claimed:
            faults.append(f"{claim}: this number has two rows")
        else:
            claimed.add(found[0])
            faults += _without_about(claim, masked, found[0])
    for at, numeral in numerals.items():
        is_name = LONE_DIGIT.fullmatch(numeral) or numeral in exercises
        has_unit = UNIT.match(masked, at + len(numeral))
        constant = constants.fullmatch(numeral) or (is_name and not has_unit)
        if at not in claimed and not constant:
            around = " ".join(text[max(0, at - 40) : at + 40].split())
            faults.append(f"{numeral} has no row and is no constant: ... {around} ...")
    return faults


def _without_about(claim: Claim, masked: str, at: int) -> list[str]:
    is_share = SHARE.match(masked, at + len(claim.numeral))
    said = re.search(r"\babout[\s\0*]*$", masked[:at], re.IGNORECASE)
    if claim.tolerance and float(claim.tolerance) > ABOUT and is_share and not said:
        return [f"{claim} may differ by {claim.tolerance} points; write 'about {claim.numeral}'"]
    return []


def printed_by(notebook: nbformat.NotebookNode) -> list[Line]:
    """Return the lines that a notebook printed, or showed as a last expression's text."""
    lines = []
    for cell in notebook.cells:
        trained = TRAINED in cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            text = output.text if output.get("name") == "stdout" else ""
            if output.output_type == "execute_result" and "image/png" not in output.data:
                text = output.data.get("text/plain", "")
            lines += [Line(line, trained) for line in text.splitlines()]
    return lines


def find_line(claim: Claim, lines: Sequence[Line]) -> tuple[float, Line] | str:
    """Return the number that was printed for a claim and its line, or what is wrong."""
    found = [(m[1], line) for line in lines if (m := re.search(claim.pattern, line.text))]
    if len(found) != 1:
        return f"{claim}: {claim.pattern!r} matches {len(found)} printed lines; expected one"
    numeral, line = found[0]
    if not NUMERAL.fullmatch(numeral):
        return f"{claim}: {claim.pattern!r} captures {numeral!r}, which is no number"
    return value(numeral), line


def limit(claim: Claim) -> float:
    """Return the largest tolerance that a claim may have."""
    seeds = [value(seed) for seed in claim.seeds.split()]
    spread = DEVIATIONS * statistics.stdev(seeds) if len(seeds) > 1 else 0
    return max(spread, half_last_digit(claim.numeral))


def faults_of_outputs(notebook: nbformat.NotebookNode, claims: Sequence[Claim]) -> list[str]:
    """Return which claims a notebook's outputs do not bear out."""
    lines, faults = printed_by(notebook), []
    for claim in claims:
        found = find_line(claim, lines)
        if isinstance(found, str):
            faults.append(found)
            continue
        printed, line = found
        if len(claim.seeds.split()) != (len(SEEDS) if line.trained else 0) or not claim.tolerance:
            faults.append(f"{claim}: run python notebooks/claims.py --seeds {claim.notebook[:2]}")
            continue
        tolerance = float(claim.tolerance)
        if not 0 < tolerance <= limit(claim) * 1.001:  # both are decimal numbers, rounded
            faults.append(f"{claim}: the tolerance {tolerance:g} is above {limit(claim):.3g}")
        if not abs(value(claim.numeral) - printed) <= tolerance * (1 + 1e-9) + 1e-12:
            faults.append(f"{claim}, but {printed:g} is printed ({tolerance:g} may differ)")
    return faults


def share_of_trained(notebook: nbformat.NotebookNode) -> str:
    """Return how many code cells print what depends on training, as a text."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = sum(TRAINED in cell.metadata.get("tags", []) for cell in code)
    return f"{tagged} of {len(code)} code cells ({tagged / max(1, len(code)):.0%})"


def claims_of(path: Path) -> list[Claim]:
    """Return the claims of a notebook or its answers."""
    table = read_table(TABLES / f"{path.stem[:2]}.csv")
    return [claim for claim in table if claim.notebook == path.stem]


def with_seed(notebook: nbformat.NotebookNode, seed: int) -> nbformat.NotebookNode:
    """Return a notebook that trains with another seed."""
    other = nbformat.from_dict(notebook)
    for cell in other.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace("set_random_seed(0)", f"set_random_seed({seed})")
    return other


def measured(claim: Claim, runs: Sequence[Sequence[Line]]) -> Claim | str:
    """Return a claim with the values of several runs and its tolerance, or what is wrong."""
    found = []
    for lines in runs:
        one = find_line(claim, lines)
        if isinstance(one, str):
            return one
        found.append(one)
    if not found[0][1].trained:
        return replace(claim, seeds="", tolerance=f"{half_last_digit(claim.numeral):g}")
    claim = replace(claim, seeds=" ".join(f"{number:.10g}" for number, _ in found))
    return replace(claim, tolerance=f"{limit(claim):.4g}")


def notebooks_and_answers() -> list[Path]:
    """Return the five notebooks in order, and then their answers."""
    return sorted(NOTEBOOKS.glob("0*.ipynb")) + sorted((NOTEBOOKS / "answers").glob("0*.ipynb"))


def has_trained(path: Path) -> bool:
    """Return whether a claim of a notebook is borne out by a cell that depends on training."""
    lines = printed_by(nbformat.read(path, as_version=4))
    found = [find_line(claim, lines) for claim in claims_of(path)]
    return any(not isinstance(one, str) and one[1].trained for one in found)


def to_run(chosen: set[str]) -> list[Path]:
    """Return what has to run to measure the claims of chosen notebooks, such as "03", in order.

    A notebook that looks for the reader's own network needs the one that makes it.
    """
    own = {path.stem for path in notebooks_and_answers() if OWN_NETWORK in path.read_text("utf-8")}
    measured = [
        path for path in notebooks_and_answers() if path.stem[:2] in chosen and has_trained(path)
    ]
    if own & {path.stem for path in measured}:
        last = max(path.stem for path in measured if path.stem in own)
        makers = [p for p in notebooks_and_answers() if p.stem in own and p.stem < last]
        return [p for p in notebooks_and_answers() if p in measured or p in makers]
    return measured


def measure(chosen: set[str]) -> None:
    """Run notebooks with five seeds and fill their tables."""
    from run import copy_of_notebooks, execute

    runs: dict[str, list[list[Line]]] = {}
    for seed in SEEDS if to_run(chosen) else ():
        with copy_of_notebooks() as folder:
            for path in to_run(chosen):
                copy = folder / path.relative_to(NOTEBOOKS)
                nbformat.write(with_seed(nbformat.read(copy, as_version=4), seed), copy)
                runs.setdefault(path.stem, []).append(printed_by(execute(copy)[0]))
                print(f"{path.stem:<24} seed {seed}", flush=True)
    stems = {path.stem: path for path in notebooks_and_answers()}
    for number in sorted(chosen):
        table, filled, faults = TABLES / f"{number}.csv", [], []
        for claim in read_table(table):
            stored = nbformat.read(stems[claim.notebook], as_version=4)
            filled.append(measured(claim, runs.get(claim.notebook, [printed_by(stored)])))
            if isinstance(filled[-1], str):
                faults.append(filled.pop())
                filled.append(claim)
        write_table(table, filled)
        print(*faults, f"{table.name}: {len(filled)} claims", sep="\n")


def main() -> None:
    """Fill the tables of chosen notebooks, or of all that have one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", action="store_true", required=True, help="fill the tables")
    parser.add_argument("notebooks", nargs="*", help="such as 03; all that have a table if none")
    options = parser.parse_args()
    measure(set(options.notebooks) or {table.stem for table in TABLES.glob("0*.csv")})


if __name__ == "__main__":
    main()
