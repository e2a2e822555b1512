"""The container, compose, systemd and Kubernetes files name only commands, settings and ports that exist."""

import re
import subprocess

import pytest
import yaml

from cli.main import COMMANDS
from cli.supervisor.services import HEALTH, LIVENESS, plan_layout
from focusflow import heartbeat
from focusflow.settings import Settings

#: What stands in the files beside settings: the names of compose itself, and that of the file that a process renews.
OTHER_NAMES = {"FOCUSFLOW_URL", "FOCUSFLOW_DATABASE_PASSWORD", heartbeat.VARIABLE}
CHART = "deploy/helm/focusflow"


def deployment_files(files):
    return [path for path in files if path.parts[0] in ("deploy", "compose.yaml", "Containerfile")]


def setting_names():
    aliases = {
        name: getattr(field.validation_alias, "choices", [f"FOCUSFLOW_{name.upper()}"])[0]
        for name, field in Settings.model_fields.items()
    }
    return set(aliases.values())


@pytest.fixture(scope="module")
def compose(root):
    return yaml.safe_load((root / "compose.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def chart_values(root):
    return yaml.safe_load((root / CHART / "values.yaml").read_text("utf-8"))


@pytest.fixture
def processes(monkeypatch, tmp_path):
    """What `focusflow up` runs when there is a broker, by name."""
    monkeypatch.setattr("cli.supervisor.services.choose_ports", lambda settings, names: dict.fromkeys(names, 1))
    layout = plan_layout(Settings(home=tmp_path, kafka_bootstrap_servers="127.0.0.1:9092"))
    return {part.name for part in layout.parts}


def ours(compose):
    return {name: service for name, service in compose["services"].items() if service["image"] == "focusflow"}


def test_each_setting_that_they_name_exists(root, files):
    known, unknown = setting_names() | OTHER_NAMES, set()
    for path in deployment_files(files):
        named = re.findall(r"\b(?:FOCUSFLOW|OPENAI|FORWARDED)_[A-Z_]+\b", (root / path).read_text("utf-8"))
        unknown |= {f"{path}: {name}" for name in named if name not in known}
    assert unknown == set()


def test_compose_and_the_chart_run_what_up_runs(compose, chart_values, processes):
    assert {service["command"][0] for service in ours(compose).values()} == processes
    assert set(chart_values["processes"]) == processes
    assert processes <= set(COMMANDS)


def test_the_commands_of_the_image_and_of_the_units_exist(root, files):
    named = set(re.findall(r'CMD \["(\w+)"\]', (root / "Containerfile").read_text("utf-8")))
    for path in deployment_files(files):
        if path.suffix == ".service":
            text = (root / path).read_text("utf-8")
            named |= set(re.findall(r"bin/focusflow (\w+)", text)) | set(re.findall(r"focusflow@(\w+)", text))
    assert named
    assert named <= set(COMMANDS)


def test_they_expect_the_servers_at_their_default_ports_and_health_routes(root, compose):
    ports = {name: Settings.model_fields[f"{name}_port"].default for name in HEALTH}
    template = (root / CHART / "templates/processes.yaml").read_text("utf-8")
    declared = dict(re.findall(r'"(\w+)" (\d+)', template))
    assert {name: int(port) for name, port in declared.items()} == ports
    for name, path in HEALTH.items():
        assert f"http://127.0.0.1:{ports[name]}{path}'" in str(compose["services"][name]["healthcheck"]["test"])
        assert f'"{name}" "{path}"' in template
        assert f'"{name}" "{LIVENESS.get(name, path)}"' in template
    (exposed,) = re.findall(r"EXPOSE (.+)", (root / "Containerfile").read_text("utf-8"))
    assert {int(port) for port in exposed.split()} == set(ports.values())
    caddy = (root / "deploy/caddy/Caddyfile").read_text("utf-8")
    assert set(re.findall(r"reverse_proxy (\w+):(\d+)", caddy)) == {
        ("api", str(ports["api"])),
        ("dashboard", str(ports["dashboard"])),
    }


def test_each_container_is_watched_and_none_of_ours_may_write_its_root(compose):
    for name, service in compose["services"].items():
        assert "healthcheck" in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
    for name, service in ours(compose).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_only_the_proxy_is_open_to_other_machines(compose):
    opened = {
        name
        for name, service in compose["services"].items()
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", []))
    }
    assert opened == {"caddy"}


def test_no_secret_stands_in_a_file(root, files):
    for path in deployment_files(files):
        if path.name == "compose.servers.yaml":  # for development, on the loopback address
            continue
        text = re.sub(r"\$\{[^}]*\}", "…", (root / path).read_text("utf-8"))
        values = re.findall(r"(?:PASSWORD|SECRET_KEY|API_KEY)\w*[=:] *(\S+)", text)
        assert [value for value in values if not value.strip("\"'").startswith("…")] == [], path


def test_versions_of_the_chart_and_the_package_agree(root):
    chart = yaml.safe_load((root / CHART / "Chart.yaml").read_text("utf-8"))
    (version,) = re.findall(r'^version = "(.+)"', (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert chart["version"] == chart["appVersion"] == version


def test_the_image_holds_all_packages_and_nothing_that_git_ignores(root):
    allowed = set(re.findall(r"^!(\w+)$", (root / ".containerignore").read_text("utf-8"), re.MULTILINE))
    (packages,) = re.findall(r"^packages = \[(.+)\]", (root / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r'"(\w+)"', packages)) | {"LICENSE", "requirements"} == allowed


def test_helm_renders_the_chart(root):
    """Where helm is installed. The image of CI has none."""
    try:
        command = ["helm", "template", "ff", str(root / CHART), "--kube-version", "1.31.0"]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except FileNotFoundError:
        pytest.skip("There is no helm: `go install helm.sh/helm/v3/cmd/helm@latest` brings it.")
    kinds = [document["kind"] for document in yaml.safe_load_all(rendered) if document]
    assert {"Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"} <= set(kinds)
