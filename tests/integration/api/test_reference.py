"""The API reference at /docs works without files from elsewhere."""

import re
from urllib.parse import urljoin


def test_the_reference_loads_only_files_of_the_api(http):
    page = http.get("/docs")
    assert page.status_code == 200
    assert "script-src 'self';" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(loaded) == 5
    for path in loaded:
        found = http.get(urljoin("/docs", path))
        assert found.status_code == 200, path
        assert found.content
    assert http.get("/docs/redoc.standalone.js").status_code == 404
    assert http.get("/docs/..%2fcore.py").status_code == 404
