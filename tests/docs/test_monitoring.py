"""docs/monitoring.md: the table of metrics, the configuration, and the rules of alerts."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from ocsp.metrics import Totals
from ocsp.metrics.exposition import exposition
from ocsp.metrics.report import HistogramPart, NumberPart, Report
from ocsp.metrics.table import LABEL_VALUES, OTHER, TABLE, Kind, Metric
from tests.docs.examples import blocks

PAGE = "docs/monitoring.md"
TEXT = Path(PAGE).read_text()
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="the program promtool is missing"
)


def _full_name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.kind is Kind.COUNTER else metric.name


def _block(language: str, word: str) -> str:
    (found,) = [
        block.text
        for block in blocks(PAGE, None)
        if block.language == language and word in block.text
    ]
    return found


def _promtool(*arguments: str, stdin: str = "") -> str:
    ended = subprocess.run(
        [str(PROMTOOL), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_the_table_has_all_metrics() -> None:
    """With their labels and what they count."""
    rows = re.findall(
        r"^\| `(ocsp_\w+)` \| (.*?) \| (.*?) \|$", TEXT, flags=re.MULTILINE
    )
    assert rows == [
        (
            _full_name(each),
            ", ".join(f"`{label}`" for label in each.labels) or "–",
            each.help,
        )
        for each in TABLE.values()
    ]


def test_the_rules_use_metrics_that_exist() -> None:
    """With labels and values that exist."""
    rules = _block("yaml", "alert:")
    names = {_full_name(each): each for each in TABLE.values()}
    used = set(re.findall(r"\bocsp_\w+", rules))
    assert used <= set(names)
    for name, selectors in re.findall(r"(ocsp_\w+)\{([^}]*)\}", rules):
        for label, values in re.findall(r'(\w+)[=!~]+"([^"]*)"', selectors):
            assert label in names[name].labels
            assert set(values.split("|")) <= LABEL_VALUES[label]
    for labels in re.findall(r"by \((\w+)\)", rules):
        assert any(labels in names[name].labels for name in used)


@pytest.mark.parametrize("word", ["127.0.0.1", "token_file"])
def test_the_configurations_are_toml(word: str) -> None:
    """With the keys of the table."""
    table = tomllib.loads(_block("toml", word))["admin"]
    assert set(table) <= {"listen", "token_file"}


@pytest.mark.programs
@needs_promtool
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    """And the configuration of Prometheus."""
    rules = tmp_path / "alerts.yml"
    rules.write_text(_block("yaml", "alert:"))
    assert "SUCCESS: 15 rules found" in _promtool("check", "rules", str(rules))
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(_block("yaml", "scrape_configs"))
    _promtool("check", "config", "--syntax-only", str(configuration))


def _every_metric() -> Totals:
    """Return totals with one series of each metric."""
    totals = Totals()
    for metric in TABLE.values():
        labels = (OTHER,) * len(metric.labels)
        part = NumberPart(metric.name, labels, 1)
        match metric.kind:
            case Kind.COUNTER:
                totals.add(Report("w", counters=(part,)))
            case Kind.HISTOGRAM:
                counts = (1,) * (len(metric.bounds) + 1)
                totals.add(
                    Report(
                        "w",
                        histograms=(HistogramPart(metric.name, labels, counts, 9.0),),
                    )
                )
            case _:
                totals.add(Report(metric.name, gauges=(part,)))
    return totals


@pytest.mark.programs
@needs_promtool
def test_promtool_accepts_the_metrics() -> None:
    """Their names, units and help, by the conventions of Prometheus."""
    text = exposition(_every_metric()).decode()
    assert all(_full_name(each) in text for each in TABLE.values())
    assert _promtool("check", "metrics", stdin=text).strip() == ""


@pytest.mark.programs
@needs_promtool
def test_the_alerts_fire(tmp_path: Path) -> None:
    """Prometheus evaluates the rules over invented series."""
    (tmp_path / "alerts.yml").write_text(_block("yaml", "alert:"))
    (tmp_path / "test.yml").write_text(_SERIES)
    _promtool("test", "rules", str(tmp_path / "test.yml"))


_SERIES = """
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'ocsp_responses_total{issuer="ca",status="successful",cause="none"}', values: '0+60x60'}
      - {series: 'ocsp_responses_total{issuer="ca",status="tryLater",cause="signer"}', values: '0+0x30 1+60x30'}
      - {series: 'ocsp_signer_left_seconds{signer="old"}', values: '432000x60'}
      - {series: 'ocsp_signer_left_seconds{signer="new"}', values: '25920000x60'}
      - {series: 'ocsp_signer_left_seconds{signer="short"}', values: '432000x60'}
      - {series: 'ocsp_signer_alarm_seconds{signer="old"}', values: '1209600x60'}
      - {series: 'ocsp_signer_alarm_seconds{signer="new"}', values: '1209600x60'}
      - {series: 'ocsp_signer_alarm_seconds{signer="short"}', values: '108000x60'}
      - {series: 'ocsp_store_up{store="status.db"}', values: '1x60'}
      - {series: 'ocsp_clock_offset_seconds', values: '0x30 7200x5 0x25'}
    alert_rule_test:
      - {eval_time: 20m, alertname: ResponderCannotAnswer, exp_alerts: []}
      - eval_time: 50m
        alertname: ResponderCannotAnswer
        exp_alerts:
          - exp_labels: {severity: page, cause: signer}
            exp_annotations: {summary: "Clients get no status; the cause is: signer."}
      - eval_time: 1m
        alertname: SignerEnds
        exp_alerts:
          - exp_labels: {severity: ticket, signer: old}
            exp_annotations: {summary: "The certificate of the signer old ends in 5d 0h 0m 0s."}
      - {eval_time: 50m, alertname: StoreDown, exp_alerts: []}
      - eval_time: 32m
        alertname: ClockJumped
        exp_alerts:
          - exp_labels: {severity: page}
            exp_annotations: {summary: "The clock jumped by 2h 0m 0s, and nothing is signed for some minutes."}
      - {eval_time: 40m, alertname: ClockJumped, exp_alerts: []}
"""
