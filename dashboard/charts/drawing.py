"""A chart as the browser takes it, made once for the same rows: building one costs more than everything else on a page."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any, ParamSpec

import altair as alt
import polars as pl

from focusflow import locales

Chart = alt.Chart | alt.LayerChart
Spec = dict[str, Any]
Arguments = ParamSpec("Arguments")

CACHED_SPECS = 500  # specifications, some 20 KB each
#: Altair's transformers of data are one setting of the whole process.
ALTAIR = threading.Lock()


def cached_spec(make: Callable[Arguments, Chart]) -> Callable[Arguments, Spec]:
    """The Vega-Lite specification of a chart, with its rows as Arrow. Not checked against Vega-Lite's schema: tests do that."""

    @wraps(make)
    def cached(*arguments: Arguments.args, **named: Arguments.kwargs) -> Spec:
        return _build(
            locales.current(),
            make,
            tuple(map(_as_key, arguments)),
            tuple((name, _as_key(each)) for name, each in named.items()),
        )

    return cached


@dataclass(frozen=True, slots=True)
class _Rows:
    """A frame that is known by what is in it."""

    columns: str
    content: bytes
    frame: pl.DataFrame = field(compare=False)


def _as_key(each: Any) -> Any:
    if not isinstance(each, pl.DataFrame):
        return each
    return _Rows(str(each.schema), each.hash_rows().to_numpy().tobytes(), each)


def _from_key(each: Any) -> Any:
    return each.frame if isinstance(each, _Rows) else each


@lru_cache(CACHED_SPECS)
def _build(
    _locale: str, make: Callable[..., Chart], arguments: tuple[Any, ...], named: tuple[tuple[str, Any], ...]
) -> Spec:
    return specification(make(*map(_from_key, arguments), **{name: _from_key(each) for name, each in named}))


def specification(chart: Chart, *, validate: bool = False) -> Spec:
    datasets: dict[str, bytes] = {}
    with ALTAIR, alt.data_transformers.enable("arrow", datasets=datasets), alt.theme.enable("none"):
        return chart.to_dict(validate=validate) | {"datasets": datasets}


def _as_arrow(data: Any, datasets: dict[str, bytes]) -> dict[str, str]:
    """Into `datasets`, under a name that the same rows always have."""
    content = data.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    name = hashlib.blake2b(content, digest_size=8).hexdigest()
    datasets[name] = content
    return {"name": name}


alt.data_transformers.register("arrow", _as_arrow)
