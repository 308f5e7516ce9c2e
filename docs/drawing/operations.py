"""The pages of the operations: the manual from the docstring, the traits, the parameters and a plan on the example."""

from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import as_file, files
from typing import Any

from docs.drawing import scripts
from docs.drawing.markdown import both, code, paragraph, prose, section, span, table, yes
from domain.operation import Operation, Step, Target, Traits
from domain.parameters import schema
from domain.places import Place
from inventory.load import load
from playbooks import OPERATIONS

Kind = type[Operation]


def index() -> str:
    """docs/operations/README.md."""
    rows = [(f"[{o.name}]({o.name}.md)", o.title.zh, o.title.en, _first(o), o.traits.target.value) for o in OPERATIONS]
    add = (
        "To add one: a file in `playbooks/`, its name in the tuple of `playbooks/__init__.py`, and a plan case below "
        "`tests/plans/`. Command, API schema, this page and the parameter checks follow from the class."
    )
    heads = ("operation", "中文", "English", "what it does", "works on")
    return "# Operations\n\n" + table(heads, rows) + paragraph(add)


def page(operation: Kind) -> str:
    """docs/operations/NAME.md."""
    place = _example(operation)
    return "".join(
        (
            f"# {operation.title.en} ({operation.title.zh})\n\n",
            prose(operation),
            f"```\nyunwei request submit {operation.name} {place.path} --at 22:30\n```\n\n",
            section("Traits", prose(Traits), _traits(operation.traits)),
            section("Parameters", _parameters(operation)),
            section("Words of its states", _words(operation)) if operation.traits.words else "",
            section("The plan on the example estate", paragraph(_ABOUT_PLAN), *_plans(operation, place)),
            section("What it sends", scripts.sent(o.plan(place) for _, o in _variants(operation))),
            section("How it is judged", scripts.judged(operation)),
        )
    )


_ABOUT_PLAN = (
    "As data, before anything is sent; the plan of a job is stored when it is claimed. A *destructive* step is begun "
    "in the store before it is sent, and after a crash only its *look* decides. A *polled* step is asked again until "
    "it holds or its time is over."
)


def _first(operation: Kind) -> str:
    return (operation.__doc__ or "").strip().split("\n")[0]


def _example(operation: Kind) -> Place:
    """A place of the example estate that has what the operation needs."""
    with as_file(files("inventory.estate") / "example.yml") as path:
        places = load(path).estate.places.values()
    fits = operation.traits.target is Target.DATA_CENTER
    return next(
        p
        for p in places
        if (p.data_center is not None) is fits and operation.traits.needs <= p.environment.entitlements
    )


def _traits(traits: Traits) -> str:
    shown = [(code(f.name), _trait(getattr(traits, f.name))) for f in fields(traits) if f.name != "words"]
    return table(("trait", "value"), shown)


def _trait(value: Any) -> str:
    if isinstance(value, bool):
        return yes(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(str(v) for v in value)) or "none"
    if value is None:
        return "the rulebook's, or none"
    return span(value) if hasattr(value, "total_seconds") else str(value)


def _parameters(operation: Kind) -> str:
    about = schema(operation)
    if not about["properties"]:
        return paragraph("None.")
    rows = [
        (
            code(name),
            " \\| ".join(p.get("enum", [p["type"]])),
            code(p["default"]) if "default" in p else "required",
            p["title"],
            p["description"],
        )
        for name, p in about["properties"].items()
    ]
    return table(("parameter", "values", "default", "中文", "English"), rows).replace("\\\\|", "\\|")


def _words(operation: Kind) -> str:
    return table(("state", "中文", "English"), [(code(k), t.zh, t.en) for k, t in operation.traits.words.items()])


def _variants(operation: Kind) -> Iterator[tuple[str, Operation]]:
    """The operation with its defaults, then with each other word that a parameter may be."""
    known = schema(operation)
    params = {**{name: _sample(known["properties"][name]) for name in known["required"]}, **operation.example}
    yield ", ".join(f"{n} = {v}" for n, v in params.items()) or "defaults", operation(**params)
    for name, about in known["properties"].items():
        for word in about.get("enum", ()):
            if word != about.get("default", params.get(name)):
                yield f"{name} = {word}", operation(**{**params, name: word})


def _sample(about: dict[str, Any]) -> Any:
    """Some value for a parameter that must be given."""
    plain = {"string": "text", "integer": about.get("minimum", 1), "number": about.get("minimum", 1.0), "boolean": True}
    return about["enum"][0] if "enum" in about else plain[about["type"]]


def _plans(operation: Kind, place: Place) -> Iterator[str]:
    heads = ("step", "中文 / English", "wire", "destructive", "may be cut short", "look", "time limit", "polled every")
    for title, built in _variants(operation):
        steps = tuple(built.plan(place))
        yield f"### {title} on {place.path}\n\n" + table(heads, [_step(s) for s in steps])
        yield paragraph(f"Estimate: {span(built.estimate(place))}.")


def _step(step: Step) -> tuple[object, ...]:
    poll = f"{step.poll_s:g} s" if step.poll_s else ""
    return (
        code(step.key),
        both(step.title),
        step.do.wire,
        yes(step.destructive),
        yes(step.interruptible),
        yes(step.look is not None),
        f"{step.timeout_s:g} s",
        poll,
    )
