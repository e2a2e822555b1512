"""Dashboards and alerts use metrics that are exported, each alert has a runbook, and promtool accepts the rules."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

RULES, RULE_TESTS = "deploy/prometheus/alerts.yml", "deploy/prometheus/alerts.test.yml"
DASHBOARDS = ("focusflow-api", "focusflow-flow", "focusflow-mail")
SUFFIXES = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_sum", "_count")}


@pytest.fixture(scope="module")
def exported(root, modules):
    """The names of the series of each metric that a module declares."""
    names = set()
    for path in modules:
        text = (root / path).read_text("utf-8")
        if "prometheus_client" in text:
            for kind, name in re.findall(r"\b(Counter|Gauge|Histogram)\(\s*\"(\w+)\"", text):
                names |= {name + suffix for suffix in SUFFIXES[kind]}
    return names


@pytest.fixture(scope="module")
def rules(root):
    groups = yaml.safe_load((root / RULES).read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def panels(root):
    boards = [json.loads((root / f"deploy/grafana/{name}.json").read_text("utf-8")) for name in DASHBOARDS]
    return [panel for board in boards for panel in board["panels"]]


def used(expression):
    return set(re.findall(r"\bfocusflow[\w:]*\b", re.sub(r'"[^"]*"', "", expression)))


def test_each_metric_of_dashboards_and_alerts_is_exported(exported, rules, panels):
    recorded = {rule["record"] for rule in rules if "record" in rule}
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in panels for target in panel["targets"]]
    named = set().union(*map(used, expressions))
    assert named - exported - recorded == set()


def test_each_metric_is_on_a_dashboard(exported, rules, panels):
    shown = set().union(*(used(target["expr"]) for panel in panels for target in panel["targets"]))
    shown |= set().union(*(used(rule["expr"]) for rule in rules if rule.get("record") in shown))
    assert {name for name in exported if not name.endswith(("_sum", "_count"))} - shown == set()


def test_each_alert_has_a_runbook_that_names_it(root, rules):
    page = (root / "docs/runbooks.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    by_anchor = {title.lower().replace(" ", "-"): text for title, text in sections.items()}
    alerts = [rule for rule in rules if "alert" in rule]
    assert alerts
    for rule in alerts:
        document, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert document == "docs/runbooks.md"
        assert f"`{rule['alert']}`" in by_anchor[anchor], rule["alert"]


def test_each_panel_has_a_title_and_names_its_lines(panels):
    assert all(panel["title"] and all(target["legendFormat"] for target in panel["targets"]) for panel in panels)


@pytest.mark.parametrize("arguments", [("check", "rules", RULES), ("test", "rules", RULE_TESTS)])
def test_promtool_accepts_the_rules(root, arguments):
    if shutil.which("promtool") is None:
        pytest.skip("There is no promtool: the package `prometheus` of Debian brings it.")
    done = subprocess.run(["promtool", *arguments], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
