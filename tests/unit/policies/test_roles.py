import pytest

from domain.decision import Moment, Verdict
from domain.request import Actor, Role
from policies.roles import may_ask

pytestmark = pytest.mark.req("INT-6")
ALLOW, REFUSE = Verdict.ALLOW, Verdict.REFUSE


def actor(tenant, *roles):
    return Actor(name="li", tenant=tenant, roles=frozenset(roles))


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (actor("acme", Role.IT_OPS), ALLOW),
        (actor("acme", Role.ENTERPRISE_ADMIN), ALLOW),
        (actor("acme", Role.IT_OPS, Role.DATA_OPS), ALLOW),
        (actor("acme", Role.DATA_OPS), REFUSE),
        (actor("acme"), REFUSE),
        (actor("acme", Role.SCHEDULER), REFUSE),
        (actor("acme", Role.SCHEDULER, Role.IT_OPS), ALLOW),
        (actor("globex", Role.IT_OPS), REFUSE),
        (actor("globex", Role.ENTERPRISE_ADMIN, Role.IT_OPS), REFUSE),
        (actor(None, Role.OPERATOR), ALLOW),
        (actor("acme", Role.OPERATOR), REFUSE),  # an operator is of the provider
        (actor("globex", Role.OPERATOR), REFUSE),
        (actor(None), REFUSE),
    ],
)
@pytest.mark.parametrize("moment", [Moment.SUBMIT, Moment.EDIT, Moment.APPROVAL, Moment.START, Moment.CANCEL])
def test_one_of_the_roles_is_needed_at_home(situation, moment, who, verdict):
    reason = may_ask(situation(actor=who, moment=moment))
    assert (reason.policy, reason.verdict) == ("roles", verdict)


def test_the_refusal_names_the_roles_that_would_do_and_who_grants_them(situation):
    reason = may_ask(situation(actor=actor("acme", Role.DATA_OPS)))
    assert "企业管理员、IT运维" in reason.text.zh
    assert "enterprise administrator, IT ops" in reason.text.en
    assert reason.values == {"has": ["data-ops"], "required": ["enterprise-admin", "it-ops", "operator"]}


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [(Moment.SUBMIT, REFUSE), (Moment.EDIT, REFUSE), (Moment.APPROVAL, ALLOW), (Moment.CANCEL, ALLOW)],
)
def test_an_operator_may_accept_and_stop_what_only_a_tenants_people_may_ask_for(situation, moment, verdict):
    traits = {"roles": frozenset({Role.DATA_OPS})}
    assert may_ask(situation(actor=actor(None, Role.OPERATOR), traits=traits, moment=moment)).verdict is verdict
