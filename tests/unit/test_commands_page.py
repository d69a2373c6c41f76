"""The page of all commands is what the command line says of itself."""

import click

from reportgen.cli import main
from tests.commands import PAGE, page


def test_the_page_is_what_help_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.commands` to write it anew"


def test_every_command_of_every_group_has_its_part_with_all_its_options() -> None:
    written = page()
    commands: list[tuple[str, click.Command]] = [*main.commands.items()]
    for name, command in commands:
        if isinstance(command, click.Group):
            commands += [(f"{name} {inner}", each) for inner, each in command.commands.items()]
        part = written.split(f"{{#command-{name.replace(' ', '-')}}}\n")[1].split("\n#")[0]
        assert part.count("\n:   ") == sum(isinstance(one, click.Option) for one in command.params)
        for option in (one for one in command.params if isinstance(one, click.Option)):
            assert option.opts[0] in part
            assert option.help
    assert len(commands) > 15
