"""The documents agree with the code: rendered ones with their source, and written ones with the tree that they name."""

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from docs.render import DOCUMENTS
from focusflow.settings import Settings
from pipelines.engine.catalog import TABLES

WRITTEN = ("README.md", "CONTRIBUTING.md", "docs/**/*.md")
#: Assets of Dagster and folders of the lake whose names begin like a package.
NOT_PATHS = re.compile(r"(models/priority|reports/deliveries)(/|$)")
SOURCE = re.compile(r"[\w./<>-]+\.(py|sql|toml|md|txt|html|css|js)")


def _pages(root: Path) -> list[Path]:
    return sorted(path for pattern in WRITTEN for path in root.glob(pattern))


def _names(text: str) -> set[str]:
    """What stands in backticks outside code blocks, up to the first space."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {name.split()[0] for name in re.findall(r"`([^`\n]+)`", text) if name.strip()}


def _links(text: str) -> set[str]:
    return {link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link}


def _exists(root: Path, files: list[Path], name: str) -> bool:
    """Whether a path from the root is there, or a file name anywhere; `<noun>` stands for any name."""
    pattern = re.sub(r"<[^>]+>", "*", name.rstrip("/"))
    if any(root.glob(pattern)):
        return True
    return SOURCE.fullmatch(name) is not None and any(path.match(pattern) for path in files)


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_rendered_document_says_what_the_code_says(root, path):
    assert (root / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs` and commit what it wrote"


def test_the_data_contract_follows_its_standard_and_covers_what_analysts_read(root):
    standard = json.loads(
        resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    )
    contract = yaml.safe_load((root / "docs" / "data-contract.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(contract, standard)
    assert [each["physicalName"] for each in contract["schema"]] == list(TABLES)
    assert [
        each["name"]
        for each in contract["schema"]
        if not any(column.get("primaryKey") for column in each["properties"])
    ] == []


def test_each_setting_says_what_it_is_for():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_each_path_that_a_document_names_exists(root, files):
    folders = {path.parts[0] for path in files if len(path.parts) > 1}
    missing = [
        f"{page.relative_to(root)}: {name}"
        for page in _pages(root)
        for name in sorted(_names(page.read_text(encoding="utf-8")))
        if (("/" in name and name.split("/")[0] in folders) or SOURCE.fullmatch(name))
        and not NOT_PATHS.match(name)
        and not _exists(root, files, name)
    ]
    assert missing == [], "name the path as it is now"


def test_each_link_of_a_document_leads_to_a_page_and_a_heading(root):
    broken = []
    for page in _pages(root):
        for link in sorted(_links(page.read_text(encoding="utf-8"))):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in _anchors(target.read_text(encoding="utf-8"))):
                broken.append(f"{page.relative_to(root)}: {link}")
    assert broken == []


def test_the_index_lists_each_decision_once_under_its_own_title(root):
    folder = root / "docs/decisions"
    titles = {
        path.name: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for path in sorted(folder.glob("[0-9]*.md"))
    }
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| (.+) \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert [(name, f"{number}: {title}") for number, name, title in rows] == list(titles.items())
    assert [int(name[:4]) for name in titles] == list(range(1, len(titles) + 1)), "each number belongs to one decision"
