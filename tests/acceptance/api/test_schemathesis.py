"""The running API against its own OpenAPI document: whatever it is sent, it answers as it says."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from portal import tus
from portal.app import make_app
from portal.serve import Served
from tests.acceptance.api.hall import asked, client_of, in_review

load_all_checks()
schemathesis.serializer.alias(tus.MEDIA_TYPE, "application/octet-stream")
EXAMPLES = 10  # of each kind, for each route
# A well-formed body may still name an operation, a place or a time that is not ours to serve.
LEFT_OUT = ["positive_data_acceptance"]
# A stream stays open; it has tests of its own, and JSON is what is asked for here.
JSON_ONLY = {"Accept": "application/json"}


@pytest.mark.req("CARD-6")
def test_every_route_answers_as_its_document_says(server: Served, token: Callable[..., str], desk: Any) -> None:
    opener = token("opal", "read", "submit", "operate")
    with client_of(server, token("alice")) as alice:
        for _ in range(3):
            asked(alice, operation="favour")
            in_review(alice)
    schema = schemathesis.openapi.from_dict(make_app(desk).openapi())
    schema.config.update(base_url=server.url)
    headers = {**JSON_ONLY, "Authorization": f"Bearer {opener}"}
    tried = [_try(operation.ok(), headers) for operation in schema.get_all_operations()]
    assert len(tried) > 20


def _try(operation: Any, headers: dict[str, str]) -> str:
    """Well-formed requests, and broken ones where there is something to break."""
    _send(operation, GenerationMode.POSITIVE, headers)
    if operation.body or list(operation.iter_parameters()):
        _send(operation, GenerationMode.NEGATIVE, headers)
    return str(operation.label)


def _send(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    excluded = [c for c in CHECKS.get_all() if c.__name__ in LEFT_OUT]

    @seed(20261123)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    run()
