"""Which ports the servers get."""

import socket

import pytest

from cli.supervisor.ports import choose_ports, is_free
from focusflow.errors import SetupProblem
from focusflow.settings import Settings


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def _usual(monkeypatch, port):
    """Settings in which nobody named a port, and this one is the usual one."""
    monkeypatch.setattr(Settings, "model_fields_set", property(lambda _: set()))
    return Settings(api_port=port, _env_file=None)


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_both(taken):
    with pytest.raises(SetupProblem, match=rf"Port {taken} is taken.*FOCUSFLOW_API_PORT"):
        choose_ports(Settings(api_port=taken, _env_file=None), ["api_port"])


def test_a_port_from_the_environment_was_asked_for(taken, monkeypatch):
    monkeypatch.setenv("FOCUSFLOW_DAGSTER_PORT", str(taken))
    with pytest.raises(SetupProblem, match=rf"Port {taken} is taken.*FOCUSFLOW_DAGSTER_PORT"):
        choose_ports(Settings(_env_file=None), ["api_port", "dagster_port"])


def test_where_nobody_asked_the_next_free_port_is_taken(taken, monkeypatch):
    chosen = choose_ports(_usual(monkeypatch, taken), ["api_port"])["api_port"]
    assert taken < chosen <= taken + 50
    assert is_free("127.0.0.1", chosen)


def test_no_two_servers_get_one_port():
    settings = Settings(_env_file=None)
    usual_of_api = settings.api_port
    chosen = choose_ports(Settings(dagster_port=usual_of_api, _env_file=None), ["api_port", "dagster_port"])
    assert chosen["dagster_port"] == usual_of_api
    assert chosen["api_port"] > usual_of_api


def test_an_unknown_host_is_reported_with_its_setting():
    with pytest.raises(SetupProblem, match="FOCUSFLOW_HOST"):
        choose_ports(Settings(host="no.such.host.invalid", _env_file=None), ["api_port"])
