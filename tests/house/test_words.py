"""What stands in the repository is true anywhere: it names no machine of ours and no mirror of packages."""

import re

#: Written as patterns that do not match themselves.
FORBIDDEN = re.compile(
    r"pyp[i]\.org|python[h]osted\.org|npm[j]s\.(org|com)|conda\.anacond[a]\.org|repo1?\.mave[n]\.|proxy\.golan[g]\.org|crates\.i[o]"
    r"|(?<![\w.])/wor[k]/|(?<![\w.])/hom[e]/\w|/\.pyen[v]/",
    re.IGNORECASE,
)
LOCAL = re.compile(r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b")


def _found(root, files, pattern):
    for path in files:
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        yield from (
            f"{path}:{number}" for number, line in enumerate(text.splitlines(), start=1) if pattern.search(line)
        )


def test_no_file_names_a_registry_or_a_path_of_one_machine(root, files):
    assert list(_found(root, files, FORBIDDEN)) == []


def test_nothing_is_left_for_later_in_a_comment(root, files):
    assert list(_found(root, [path for path in files if path.suffix in {".py", ".sql"}], LOCAL)) == []
