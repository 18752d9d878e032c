"""docs/cli.md, written from the parsers themselves: `python -m pipelines.cli_page > docs/cli.md`."""

import argparse
import sys
from collections.abc import Iterator

from pipelines.cli import COMMANDS, EXIT_CODES, build_parser, command_module

HEAD = """\
# Commands

Written from the code by `python -m pipelines.cli_page > docs/cli.md`.

Every command takes `--config FILE` (else `$FOREWARN_CONFIG`, `./forewarn.toml`, `configs/demo.toml`) and `--help`.
Data go to stdout, progress and messages to stderr. A reader that stops early (`| head`) is no error.
"""


def page() -> str:
    """Return the whole page."""
    codes = EXIT_CODES.replace("exit codes:\n", "").split()
    parts = [HEAD, f"Exit codes: {' '.join(codes)}.", ""]
    for name in COMMANDS:
        parts += _section(name)
    return "\n".join(parts)


def _section(name: str) -> list[str]:
    module = command_module(name)
    lines = [f"## forewarn {name}", "", f"{module.HELP[0].upper()}{module.HELP[1:]}.", ""]
    parser = _subparsers(build_parser(name))[name]
    lines += _table(parser)
    for verb, its in _subparsers(parser).items():
        lines += [f"### forewarn {name} {verb}", "", str(its.description), "", *_table(its)]
    return [*lines, "```sh", module.EXAMPLE, "```", ""]


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def _table(parser: argparse.ArgumentParser) -> list[str]:
    rows = list(_arguments(parser))
    return ["| argument | meaning |", "|---|---|", *rows, ""] if rows else []


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.dest in ("help", "config") or isinstance(action, argparse._SubParsersAction):
            continue
        shown = ", ".join(action.option_strings) or action.dest
        if action.choices:
            shown += f" {{{','.join(map(str, action.choices))}}}"
        elif action.option_strings and action.nargs != 0:
            shown += f" {action.metavar or action.dest.upper()}"
        yield f"| `{shown}` | {action.help} |"


if __name__ == "__main__":
    sys.stdout.write(page())
