"""The route class of the API. A handler returns its schema type; serialization, ETag, status and idempotency happen here.

    @router.patch("/{task_id:uuid}", responses=problems(TaskNotFound, Stale, Invalid))
    def change_task(task_id: UUID, body: TaskChange, uow: UnitOfWork) -> Task:

A `UnitOfWork` is recognized by its type: the route opens its transaction, and the answer leaves after the commit. The answer model, the ETag (of
a schema with a `version`) and the serializer follow from the return type. `Rendered[TaskPage]` passes on bytes that Postgres rendered.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from operational_api.http.query_params import check_names, query_names
from operational_api.http.rendered import Rendered, version_etag
from operational_api.http.schema_base import Output
from operational_api.http.unit_of_work import ContextDependency, RequestContext, UnitOfWork

Handler = Callable[..., Any]
Render = Callable[[Any], Rendered[Any]]

CONTEXT = Annotated[RequestContext, Depends(ContextDependency())]


class CheckedRoute(APIRoute):
    """A route that refuses query parameters which its handler does not declare: a typo must not be ignored silently."""

    is_strict = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, is_strict = super().get_route_handler(), self.is_strict
        names = query_names(self.dependant)

        async def handle_checked(request: Request) -> Response:
            if is_strict and request.scope["query_string"]:
                check_names(request, names)
            return await handle(request)

        return handle_checked


class TypedRoute(CheckedRoute):
    """A route that is told everything by the signature of its handler.

    The transaction is opened in the thread of the handler: a dependency that yields would need three threads, one after the other, which costs
    more than a small request. FastAPI's own serialization is left out because it validates the answer a second time.
    """

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        returned = _return_type(endpoint)
        model = _answer_model(returned)
        handler = _handler(endpoint, _renderer(returned, model), options.get("status_code"))
        super().__init__(path, handler, **{**options, "response_model": model})


class LenientRoute(TypedRoute):
    """For programs that are not ours to change, which add query parameters of their own."""

    is_strict = False


def _return_type(endpoint: Handler) -> Any:
    returned = inspect.signature(endpoint, eval_str=True).return_annotation
    if returned is inspect.Signature.empty:
        raise TypeError(f"the handler {endpoint.__qualname__} has to declare its return type")
    return returned


def _answer_model(returned: Any) -> Any:
    """What the API description shows: None for no body, and for a body of any form."""
    if get_origin(returned) is Rendered:
        (returned,) = get_args(returned)
    return None if returned in (None, Any) else returned


def _renderer(returned: Any, model: Any) -> Render:
    """How an answer becomes bytes, decided once per route."""
    if get_origin(returned) is Rendered:
        return _as_it_is
    if model is None:
        return _empty
    serializer = TypeAdapter(model).serializer
    has_version = isinstance(model, type) and issubclass(model, BaseModel) and "version" in model.model_fields

    def render(answer: Any) -> Rendered[Any]:
        content = serializer.to_json(answer, by_alias=True)
        replay = answer.for_replay() if isinstance(answer, Output) else answer
        return Rendered(
            content,
            headers=version_etag(answer.version) if has_version else {},
            replay=None if replay is answer else serializer.to_json(replay, by_alias=True),
        )

    return render


def _as_it_is(answer: Rendered[Any]) -> Rendered[Any]:
    return answer


def _empty(_: None) -> Rendered[Any]:
    return Rendered(b"", status=204)


def _handler(endpoint: Handler, render: Render, status: int | None) -> Handler:
    """The handler as FastAPI calls it: with the request's context in the place of a unit of work, and with a response as its result."""
    signature = inspect.signature(endpoint, eval_str=True)
    uow = next((name for name, each in signature.parameters.items() if each.annotation is UnitOfWork), None)

    @functools.wraps(endpoint)
    def answer(**values: Any) -> Response:
        if uow is None:
            rendered = render(endpoint(**values))
        else:
            context: RequestContext = values.pop(uow)
            rendered = context.run(lambda opened: render(endpoint(**values, **{uow: opened})), status or 200)
        media_type = rendered.media_type if rendered.content else None
        return Response(rendered.content, rendered.status or status or 200, rendered.headers, media_type)

    answer.__signature__ = signature.replace(parameters=_injected(signature.parameters))  # type: ignore[attr-defined]
    return answer


def _injected(parameters: Mapping[str, inspect.Parameter]) -> list[inspect.Parameter]:
    return [
        each.replace(annotation=CONTEXT) if each.annotation in (UnitOfWork, RequestContext) else each
        for each in parameters.values()
    ]
