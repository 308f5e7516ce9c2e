"""`python -m commands.demo_up …` is `yunwei up …`, with text messages in its log instead of a gateway. For the demo."""

import sys

from commands.lazy import Given
from commands.up import command
from wiring import demo_couriers


def main() -> int:
    """Runs until it is told to stop."""
    given = Given(couriers=demo_couriers())
    code = command.main(args=sys.argv[1:], prog_name="yunwei up", standalone_mode=False, obj=given)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
