"""A whole example of each body, assembled from those of its fields: what a field looks like is said once, beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def add_to(description: dict[str, Any]) -> None:
    """Give each JSON body of an OpenAPI description its example, unless it has one."""
    for methods in description["paths"].values():
        for operation in methods.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                media.setdefault("example", example(media["schema"], description["components"]["schemas"]))


def example(schema: Schema, named: Mapping[str, Schema]) -> Any:
    """What such a value looks like; None where nothing says it.

    >>> example({"properties": {"title": {"examples": ["Call"]}, "notes": {}, "of": {"$ref": "#/Goal"}}}, {"Goal": {"examples": [1]}})
    {'title': 'Call', 'of': 1}
    """
    if "$ref" in schema:
        return example(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema and "examples" not in schema:
        return example(schema["anyOf"][0], named)
    if "properties" in schema:
        return dict(_filled(schema["properties"], named))
    return schema.get("examples", [None])[0]


def _filled(fields: Mapping[str, Schema], named: Mapping[str, Schema]) -> Iterator[tuple[str, Any]]:
    for name, shape in fields.items():
        looks = example(shape, named)
        if looks is not None:
            yield name, looks
