"""What is written about the code is made from it."""

import pytest

from docs.render import DOCUMENTS
from focusflow.settings import Settings


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_rendered_document_says_what_the_code_says(root, path):
    assert (root / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs` and commit what it wrote"


def test_each_setting_says_what_it_is_for():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
