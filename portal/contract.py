"""How routes are written into the OpenAPI document: bodies, answers, and the problems that each may have."""

from typing import Any, Final

from pydantic import BaseModel

from portal import shapes

_ABOUT: Final = {
    401: "There is no token, or it opens nothing",
    403: "The token lacks the scope, or a policy refuses: `decision` says which, why and until when",
    404: "There is no such thing, or it is not yours to see",
    405: "The address has other methods",
    408: "The body came too slowly",
    409: "It is not in a state that allows this",
    410: "It is over and its bytes are gone: its artifact says why",
    412: "It has changed since you read it, or the version of the protocol is another",
    413: "The body is too large",
    415: "The body is not JSON",
    416: "The range is outside of the artifact",
    422: "The request has mistakes: `errors` lists all of them",
    428: "If-Match is missing",
    429: "Too many requests of this token",
    460: "The checksum is wrong, and nothing was stored",
    500: "An error of ours; `incident` finds it in the log",
    502: "The artifact store answered with a failure",
    503: "Not available now. A change may or may not be done: look, or repeat it with the same Idempotency-Key",
}
_EVERYWHERE: Final = (401, 403, 422, 429, 500, 503)
_WITH_BODY: Final = (408, 413, 415)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that needs a token, with these problems beside those that every route may have."""
    return {s: _problem(s) for s in sorted({*_EVERYWHERE, *statuses})}


def open_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a route that needs no token."""
    return {s: _problem(s) for s in sorted({422, 500, *statuses})}


def problems_with_body(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a route that reads a body."""
    return problems(*_WITH_BODY, *statuses)


def body(shape: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """What a route reads, for `openapi_extra`."""
    schema = _inlined(shape.model_json_schema())
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def file_body(most: int) -> dict[str, Any]:
    """The same for a route that reads a file as it is, of any type and of at most so many bytes."""
    schema = {"type": "string", "format": "binary", "minLength": 1, "maxLength": most}
    return {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": schema}}}}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _ABOUT[status], "content": {"application/problem+json": {"schema": schema}}}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without definitions of its own: they would not be found from inside a path."""
    definitions = schema.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            return inline(definitions[name]) if name in definitions else {k: inline(v) for k, v in node.items()}
        return [inline(n) for n in node] if isinstance(node, list) else node

    inlined: dict[str, Any] = inline(schema)
    return inlined


def add_problem(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the shape of a problem, which no route names as its model."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = shapes.Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas |= {**problem.pop("$defs", {}), "Problem": problem}
    return document
