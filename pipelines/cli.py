"""The command line: `forewarn COMMAND`; each command is one small file in pipelines/commands, loaded when it runs."""

import argparse
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import NoReturn

COMMANDS = (
    "init",
    "check",
    "simulate",
    "features",
    "train",
    "backtest",
    "compare",
    "reproduce",
    "rollback",
    "score",
    "weekly",
    "list",
    "explain",
    "status",
    "report",
    "serve",
    "user",
    "key",
    "digest",
    "deploy",
)

EXIT_CODES = """exit codes:
  0 fine, 1 unexpected, 2 usage or configuration, 3 data contract, 4 promotion refused (champion kept),
  5 stale data, 75 another run holds the lease"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors end with the way out."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice" in message and "COMMAND" in message:
            message = _unknown_command(message.split("'")[1])
        self.exit(2, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")


def _unknown_command(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, n=1)
    return f"no command {word!r}; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(COMMANDS)}")


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Help whose lines are short enough to read and whose names stand in one column."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=100)


def command_module(name: str) -> ModuleType:
    """Return the module of a command; it holds HELP, EXAMPLE, configure(parser) and run(args)."""
    return import_module(f"pipelines.commands.{'risk_list' if name == 'list' else name}")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands, or of one, which is all that a call needs."""
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="settings file (else $FOREWARN_CONFIG, ./forewarn.toml, configs/demo.toml)",
    )
    parser = _Parser(
        prog="forewarn",
        description="Churn early warning for B2B software: who will leave in 60–90 days, and why.",
        epilog=f"example:\n  forewarn weekly --as-of 2026-11-02\n\n{EXIT_CODES}",
        formatter_class=_Layout,
        parents=[shared],
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in [only] if only else COMMANDS:
        module = command_module(name)
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=_Layout,
            parents=[shared],
        )
        module.configure(command)
        command.set_defaults(call=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if argv is None:
        from pipelines.quiet import hush_at_exit

        hush_at_exit()
    named = next((word for word in words if not word.startswith("-")), None)
    known = named in COMMANDS and words[0] == named
    args = build_parser(named if known else None).parse_args(words)
    if args.version:
        from importlib.metadata import version

        sys.stdout.write(f"forewarn {version('forewarn')}\n")
        return 0
    if args.command is None:
        build_parser().print_help(sys.stderr)
        return 2
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    from features.errors import ForewarnError

    args.config = getattr(args, "config", None)
    try:
        code = int(args.call(args) or 0)
        sys.stdout.flush()
        return code
    except ForewarnError as error:
        sys.stderr.write(f"forewarn {args.command}: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        # The reader (`| head`) has had enough; Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write(f"forewarn {args.command}: stopped\n")
        return 130
    except Exception as error:  # noqa: BLE001  the last place where a surprise can be said in a sentence
        return _unexpected(args.command, error)


def _unexpected(command: str, error: Exception) -> int:
    """Say a surprise in one line, keep its traceback in a file, and return the exit code."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="forewarn-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    first = (str(error).strip().splitlines() or [""])[0]
    sys.stderr.write(f"forewarn {command}: unexpected {type(error).__name__}: {first} (traceback in {file.name})\n")
    return 1
