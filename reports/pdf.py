"""A report's page as PDF, tagged for readers that speak. It needs the library Pango, which comes with the operating system."""

from focusflow.errors import Problem


class NoPdf(Problem):
    """PDFs cannot be made here: they need the extra `pdf` of the package and the library Pango on the machine. Take HTML instead."""

    status = 501


PRINTED = """
    @page { size: A4; margin: 12mm 22mm 14mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #5b6470 } }
    .page { background: #ffffff !important }
    .page > tbody > tr > td, .card > tbody > tr > td { padding: 0 !important }
    tr, h2 { break-inside: avoid }
    h2, tr.more { break-after: avoid }
    p { break-before: avoid }
    .screen { display: none }"""


def pdf(html: str) -> bytes:
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # the package, or a library of the system
        raise NoPdf from error
    page = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=()))  # a report needs nothing from elsewhere
    made: bytes = page.write_pdf(presentational_hints=True, stylesheets=[CSS(string=PRINTED)], pdf_variant="pdf/ua-1")
    return made
