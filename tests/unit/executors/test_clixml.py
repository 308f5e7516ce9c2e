"""PowerShell's CLIXML errors become readable lines."""

import pytest

from executors.clixml import clean

HEAD = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ("plain text", ["plain text"]),
        ("", [""]),
        ("#< CLIXML", []),
        (f'{HEAD}<Obj S="progress" RefId="0"><MS><PR N="R"><AV>Preparing</AV></PR></MS></Obj></Objs>', []),
        (
            f'{HEAD}<S S="Error">boom_x000D__x000A_</S><S S="Error">  at line:1_x000D__x000A_</S></Objs>',
            ["boom", "  at line:1"],
        ),
        (f'{HEAD}<S S="Error">a &lt;b&gt; &amp; c</S></Objs>', ["a <b> & c"]),
        (f'{HEAD}<S S="Error">_xD83D__xDE00_ 拒绝访问</S></Objs>', ["😀 拒绝访问"]),
        (f'{HEAD}<S S="Error">half _xD83D_</S></Objs>', ["half �"]),
        (f'{HEAD}<S S="warning">careful</S></Objs>{HEAD}<S S="Error">then</S></Objs>', ["carefulthen"]),
        (f'{HEAD}<S S="verbose">chatter</S></Objs>', []),
    ],
)
def test_a_line_of_the_error_stream_is_cleaned(line: str, cleaned: list[str]) -> None:
    assert clean(line) == cleaned
