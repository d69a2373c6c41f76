"""The command line: one command a function. Commands, progress and exit codes, no logic.

Exit codes: 0 done, 1 a study failed, 2 a spec, its facts or the usage is wrong, 3 an expectation is not met or the same
inputs gave other numbers, 10 (`regenerate` alone) something changed; stopped by Ctrl-C, the signal's own.
"""

import click

from reportgen.cli.capturing import capture, render
from reportgen.cli.designing import calibrate, lock, power
from reportgen.cli.facts import facts
from reportgen.cli.group import Commands
from reportgen.cli.publishing import doctor, publish, serve
from reportgen.cli.running import build, check, regenerate
from reportgen.cli.writing import explain, init, schema


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reportgen")
def main() -> None:
    """Reports about the attention heads of a language model, from YAML study specs.

    Without a SPEC a command takes every .yml file in specs/. One study of a family is named behind it: SPEC#NAME.
    """


for _command in (
    init,
    explain,
    schema,
    build,
    check,
    regenerate,
    capture,
    render,
    publish,
    serve,
    doctor,
    lock,
    power,
    calibrate,
    facts,
):
    main.add_command(_command)

if __name__ == "__main__":
    main()
