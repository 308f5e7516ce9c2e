"""An operation's typed parameters: checked, described as JSON Schema, and built, all from the dataclass's own fields.

A field may carry limits in its metadata: `min`, `max`, `max_length`, `pattern`.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from domain.errors import Fault, Mistake
from domain.operation import Operation
from domain.text import Text

MAX_TEXT: Final = 4000
_JSON_TYPES: Final[dict[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def build(operation: type[Operation], params: Mapping[str, Any]) -> Operation:
    """The operation with these parameters. Raises Mistake with every fault at once (paths under `params`)."""
    faults = check(operation, params)
    if faults:
        raise Mistake(Text("参数有误", "The parameters have mistakes"), faults)
    return operation(**params)


def check(operation: type[Operation], params: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every fault of `params`: unknown names, missing ones, wrong types, values out of range."""
    known = {f.name: f for f in fields(operation)}
    unknown = [_unknown(name, sorted(known)) for name in params if name not in known]
    missing = [_missing(f.name) for f in known.values() if _is_required(f) and f.name not in params]
    types = _hints(operation)  # type: ignore[arg-type]  # mypy: a class with ClassVars is not seen as hashable
    wrong = [_wrong(known[n], types[n], v) for n, v in params.items() if n in known]
    return (*unknown, *missing, *(f for f in wrong if f))


def schema(operation: type[Operation]) -> dict[str, Any]:
    """JSON Schema (2020-12) of the parameters."""
    types = _hints(operation)  # type: ignore[arg-type]  # mypy: a class with ClassVars is not seen as hashable
    return {
        "type": "object",
        "properties": {f.name: _describe(operation, f, types[f.name]) for f in fields(operation)},
        "required": [f.name for f in fields(operation) if _is_required(f)],
        "additionalProperties": False,
    }


@cache
def _hints(operation: Any) -> dict[str, Any]:
    return get_type_hints(operation)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _describe(operation: type[Operation], field: Field[Any], kind: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"description": operation.notes[field.name].en, "title": operation.notes[field.name].zh}
    if get_origin(kind) is Literal:
        about["enum"] = list(get_args(kind))
        about["type"] = "string"
    elif kind in _JSON_TYPES:
        about["type"] = _JSON_TYPES[kind]
    else:
        raise TypeError(f"{operation.__name__}.{field.name}: a parameter cannot be of type {kind}")
    names = {"min": "minimum", "max": "maximum", "max_length": "maxLength", "pattern": "pattern"}
    about |= {names[k]: v for k, v in field.metadata.items() if k in names}
    return about if field.default is MISSING else {**about, "default": field.default}


def _unknown(name: str, known: list[str]) -> Fault:
    zh, en = f"没有这个参数；可用：{'、'.join(known) or '（无）'}", f"Unknown; allowed: {', '.join(known) or '(none)'}"
    return Fault(f"params.{name}", Text(zh, en), "unknown")


def _missing(name: str) -> Fault:
    return Fault(f"params.{name}", Text("必填", "Required"), "missing")


def _wrong(field: Field[Any], kind: Any, value: Any) -> Fault | None:
    text = _type_fault(kind, value) or _limit_fault(field.metadata, value)
    return Fault(f"params.{field.name}", text) if text else None


def _type_fault(kind: Any, value: Any) -> Text | None:
    if get_origin(kind) is Literal:
        words = [str(word) for word in get_args(kind)]
        zh, en = f"只能是：{'、'.join(words)}", f"Must be one of: {', '.join(words)}"
        return None if value in get_args(kind) else Text(zh, en)
    fits = isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        fits = True
    return None if fits else Text(f"类型应为 {_JSON_TYPES[kind]}", f"Must be of type {_JSON_TYPES[kind]}")


def _limit_fault(limits: Mapping[str, Any], value: Any) -> Text | None:
    if isinstance(value, str):
        return _text_fault(limits, value)
    if "min" in limits and value < limits["min"]:
        return Text(f"不能小于 {limits['min']}", f"Must be at least {limits['min']}")
    if "max" in limits and value > limits["max"]:
        return Text(f"不能大于 {limits['max']}", f"Must be at most {limits['max']}")
    return None


def _text_fault(limits: Mapping[str, Any], value: str) -> Text | None:
    longest = limits.get("max_length", MAX_TEXT)
    if len(value) > longest:
        return Text(f"最多 {longest} 个字符", f"At most {longest} characters")
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        return Text(f"格式应为 {limits['pattern']}", f"Must match {limits['pattern']}")
    return None
