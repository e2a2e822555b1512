"""What a process loads that works with Arrow."""

import subprocess
import sys

import pytest

CODE = """
import sys, pyarrow as pa
from focusflow.lake.arrow import skip_pandas
{first}
pa.Table.from_pylist([{{"a": pa.scalar(1).as_py()}}])
print("pandas" in sys.modules)
"""


@pytest.mark.parametrize(("first", "is_loaded"), [("skip_pandas()", "False"), ("", "True")])
def test_pandas_is_loaded_only_where_it_is_not_skipped(first, is_loaded):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [is_loaded]
