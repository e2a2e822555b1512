"""A report to print is the same page, tagged, and asks for nothing from elsewhere."""

import re
import sys
import zlib

import pytest

from reports.pdf import NoPdf, pdf
from reports.periods.content import build_report
from reports.render import render_report

# Loading fonts touches an interface of Python that is on its way out.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_page_becomes_a_tagged_document_in_its_language(facts):
    made = pdf(render_report(build_report(facts)).html)
    assert made.startswith(b"%PDF-1.7")
    inside = b"".join(zlib.decompress(part) for part in re.findall(rb"stream\n(x\xda.*?)\nendstream", made, re.DOTALL))
    assert b"/MarkInfo" in inside
    assert b"/Lang (en)" in inside


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1:9/x.png"])
def test_nothing_is_fetched_for_it(address, caplog):
    assert pdf(f'<html lang="en"><title>x</title><img alt="x" src="{address}"></html>')
    assert "disallowed protocol" in caplog.text


def test_where_it_cannot_be_rendered_that_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(NoPdf, match="Pango"):
        pdf("<html></html>")
