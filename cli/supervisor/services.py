"""The parts of `focusflow up` in the order in which they stop, and their addresses."""

import sys
from dataclasses import dataclass

from cli.supervisor.ports import choose_ports
from cli.supervisor.tree import Part
from focusflow.settings import Settings, reachable_host

#: Pages stop first, data intake last.
HEALTH = {"dashboard": "/_stcore/health", "dagster": "/server_info", "api": "/health/ready"}

#: The liveness path, where the readiness path also depends on other parts.
LIVENESS = {"api": "/health/live"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What `focusflow up` will run, with its ports chosen."""

    parts: tuple[Part, ...]
    addresses: dict[str, str]
    environment: dict[str, str]


def plan_layout(settings: Settings, *, is_demo: bool = False, has_own_kafka: bool = False) -> Layout:
    ports = choose_ports(settings, [f"{name}_port" for name in (*HEALTH, *(["kafka"] if has_own_kafka else []))])
    host = reachable_host(settings.host)
    hosts = {"dagster": reachable_host(settings.dagster_host)}
    addresses = {name: f"http://{hosts.get(name, host)}:{ports[f'{name}_port']}" for name in HEALTH}
    parts = [
        Part(
            name,
            own_command(name),
            health=addresses[name] + path,
            liveness=addresses[name] + LIVENESS.get(name, path),
            has_heartbeat=name == "dagster",  # its daemons are not seen by its page
        )
        for name, path in HEALTH.items()
    ]
    environment = {f"FOCUSFLOW_{name.upper()}": str(port) for name, port in ports.items()}
    environment |= {"FOCUSFLOW_HOME": str(settings.home), "FOCUSFLOW_API_URL": settings.api_url or addresses["api"]}
    environment |= {"FOCUSFLOW_DEMO": "1"} if is_demo else {}  # the sign-in page then says who can sign in
    kafka = f"127.0.0.1:{ports['kafka_port']}" if has_own_kafka else settings.kafka_bootstrap_servers
    parts.append(Part("refresher", own_command("refresher"), has_heartbeat=True))
    if kafka:
        environment |= {"KAFKA_BOOTSTRAP_SERVERS": kafka}
        parts.append(Part("relay", own_command("relay"), has_heartbeat=True))
    parts.append(Part("land", own_command("land"), has_heartbeat=True))
    if has_own_kafka:
        parts.append(Part("kafka", own_command("kafka"), has_heartbeat=True))
    return Layout(tuple(parts), addresses, environment)


def own_command(*arguments: str) -> tuple[str, ...]:
    """A `focusflow` command, run by this Python."""
    return (sys.executable, "-m", "focusflow", *arguments)
