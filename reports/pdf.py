"""A report's page as PDF, tagged for readers that speak. It needs the library Pango, which comes with the operating system."""

from focusflow.problems import Problem


class NoPdf(Problem):
    """PDFs cannot be made here: they need the extra `pdf` of the package and the library Pango on the machine. Take HTML instead."""

    status = 501


PRINTED = "@page { size: A4; margin: 12mm } .page { background: #ffffff !important } tr, h2 { break-inside: avoid } h2 { break-after: avoid }"


def pdf(html: str) -> bytes:
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # the package, or a library of the system
        raise NoPdf from error
    page = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=()))  # a report needs nothing from elsewhere
    made: bytes = page.write_pdf(presentational_hints=True, stylesheets=[CSS(string=PRINTED)], pdf_variant="pdf/ua-1")
    return made
