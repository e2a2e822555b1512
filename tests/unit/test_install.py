"""How an install finds the mirror that pip was told of."""

import doctest

import pytest

from requirements import install


def uv(listing, **environment):
    return install.uv_environment(install.pip_settings(listing), environment)


def test_the_mirror_of_the_environment_wins_over_the_one_of_the_configuration():
    listing = ":env:.index-url='https://near.example/simple'\nglobal.index-url='https://far.example/simple'"
    assert uv(listing)["UV_DEFAULT_INDEX"] == "https://near.example/simple"


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_settings_of_uv_itself_are_left_alone(name):
    assert "UV_DEFAULT_INDEX" not in uv("global.index-url='https://a.example'", **{name: "https://b.example"})


def test_several_further_mirrors_are_all_searched():
    told = uv("global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'")
    assert (told["UV_INDEX"], told["UV_INDEX_STRATEGY"]) == ("https://a.example https://b.example", "unsafe-best-match")


def test_a_certificate_that_pip_trusts_is_trusted():
    assert uv("global.cert='/etc/mirror.pem'")["SSL_CERT_FILE"] == "/etc/mirror.pem"


def test_settings_of_other_commands_and_unknown_ones_change_nothing():
    assert uv("download.index-url='https://a.example'\nglobal.require-virtualenv='true'") == uv("")


def test_libraries_are_compiled_unless_set_otherwise():
    assert uv("")["UV_COMPILE_BYTECODE"] == "1"
    assert "UV_COMPILE_BYTECODE" not in uv("", UV_COMPILE_BYTECODE="0")


def test_the_examples_are_true():
    assert doctest.testmod(install).failed == 0
