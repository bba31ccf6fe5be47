"""Results: JSON, tables, the plot, and what README says."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from bench import compare, publish
from bench.measure import Pair, Row
from bench.results.chart import DARK, LIGHT, Colours, draw
from bench.results.document import Document, Result, Run, read_document
from bench.results.headlines import HEADLINES, WEB_MIX
from bench.results.markdown import all_rows, replaced, summary
from bench.results.table import changes, table

PUBLISHED = read_document(publish.RESULTS)


def _row(what: str = "work", target: float | None = 1.0) -> Row:
    return Row(
        group="group",
        what=what,
        repeated="nothing",
        peer="peer",
        measure=lambda _: pytest.fail("is not measured"),
        target=target,
        compiled=target and target / 2,
    )


def _pair(ratio: float, spread: float = 0.01) -> Pair:
    return Pair.of([(ratio - spread, 1.0), (ratio, 1.0), (ratio + spread, 1.0)])


def _document(ratio: float, *, compiled: float | None = None) -> Document:
    runs = []
    for package, each in (("pure", ratio), ("compiled", compiled)):
        if each is None:
            continue
        results = [Result.of(_row(), _pair(each), compiled=package == "compiled")]
        versions = {"Python": "3.14", "ocsp": "1.0", "cryptography": "50.0"}
        runs.append(Run(package=package, versions=versions, results=results, failed={}))
    return Document(date="now", revision="abc", machine={"cores": "2"}, runs=runs)


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is lost."""
    document = _document(0.5, compiled=0.25)
    document.write(tmp_path / "a.json")
    assert read_document(tmp_path / "a.json") == document


def test_json_of_another_form_is_refused(tmp_path: Path) -> None:
    """The error says what to do."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"format": 0, "runs": []}))
    with pytest.raises(ValueError, match="form 0, not 1: measure again"):
        read_document(path)


@pytest.mark.parametrize(
    ("ratio", "compiled", "met"), [(0.9, False, True), (0.9, True, False)]
)
def test_the_compiled_package_has_targets_of_its_own(
    ratio: float, compiled: bool, met: bool
) -> None:
    """The half, in this row."""
    assert Result.of(_row(), _pair(ratio), compiled=compiled).met is met


def test_a_row_without_a_target_is_neither_met_nor_missed() -> None:
    """Such rows only inform."""
    assert Result.of(_row(target=None), _pair(5.0), compiled=False).met is None


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [(1.0, 0.5, "faster"), (0.5, 1.0, "slower"), (1.0, 1.005, "")],
)
def test_changes(old: float, new: float, verdict: str) -> None:
    """A change counts if the quartiles do not overlap."""
    shown = changes(_document(old), _document(new))
    assert [str(cell) for cell in shown.columns[-1].cells] == [verdict]


def test_a_new_row_is_called_new() -> None:
    """The older run may not have the package or the row."""
    shown = changes(_document(1.0), _document(1.0, compiled=0.5))
    assert [str(cell) for cell in shown.columns[-1].cells] == ["", "new"]


def test_the_command_compares_two_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints both ratios, and the verdict."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, ratio in zip(paths, (1.0, 0.5), strict=True):
        _document(ratio).write(path)
    assert compare.main([str(path) for path in paths]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"pure group: work / peer +1\.00 +0\.50 +-50% +faster", printed)


def test_the_table_shows_the_spread() -> None:
    """Each line has the ratio, its quartiles and the verdict."""
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table(_document(0.5).runs[0]))
    assert re.search(r"0\.50 +0\.49 – 0\.51 +≤ 1 met", captured.get())


# --- the documentation -----------------------------------------------------------


def test_readme_agrees_with_the_results() -> None:
    """README, the page and the plots are what ``make bench-publish`` writes."""
    for path, text in publish.made(PUBLISHED).items():
        assert path.read_text() == text, f"{path.name}: run make bench-publish"


def test_the_first_sentence_about_speed_is_about_the_web_mix() -> None:
    """It says the ratio of the traffic of many CAs, not of a repeated message."""
    readme = (publish.ROOT / "README.md").read_text()
    section = readme.partition("## Speed\n")[2]
    first = re.sub(r"<!--.*?-->", "", section).strip().partition("\n\n")[0]
    said = [float(number) for number in re.findall(r"\d+\.\d+", first)]
    measured = [run.find(WEB_MIX) for run in PUBLISHED.runs]
    assert said == [round(each.ratio, 2) for each in measured if each]
    assert "150 CAs" in first


def test_results_have_all_rows_of_readme() -> None:
    """None has failed, none is of an older form."""
    pure = PUBLISHED.run("pure")
    assert pure is not None
    assert not pure.failed
    assert {each.name for each in HEADLINES} <= {each.name for each in pure.results}


def test_a_missed_target_is_called_missed() -> None:
    """Both tables say it."""
    pure = PUBLISHED.runs[0]
    slow = [
        dataclasses.replace(each, ratio=9.5, target=1.0)
        if each.name == WEB_MIX
        else each
        for each in pure.results
    ]
    document = dataclasses.replace(
        PUBLISHED, runs=[dataclasses.replace(pure, results=slow)]
    )
    assert "9.50, missed" in summary(document)
    assert "9.50, missed" in all_rows(document)


@pytest.mark.parametrize(
    ("compiled", "targets"), [(None, "≤ 1"), (0.25, "≤ 1 / ≤ 0.5")]
)
def test_the_targets_of_both_packages(compiled: float | None, targets: str) -> None:
    """The last column has one target, or one for each package."""
    document = _document(0.5, compiled=compiled)
    document = dataclasses.replace(
        document, machine={"processor": "x", "cores": "2", "system": "y"}
    )
    assert all_rows(document).splitlines()[-1].endswith(f"| {targets} |")


def test_text_without_marks_is_refused() -> None:
    """The error names the marks."""
    with pytest.raises(ValueError, match="bench: begin"):
        replaced("no marks", "made")


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_plot_has_a_point_for_each_row(colours: Colours) -> None:
    """Besides that of the legend; it is XML, and has the background of its theme."""
    root = ET.fromstring(draw(PUBLISHED, colours))
    space = "{http://www.w3.org/2000/svg}"
    results = sum(
        run.find(each.name) is not None for run in PUBLISHED.runs for each in HEADLINES
    )
    assert len(root.findall(f"{space}circle")) == results + len(PUBLISHED.runs)
    assert [each.get("fill") for each in root.findall(f"{space}rect")] == [
        colours.paper
    ]
