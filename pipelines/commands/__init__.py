"""One file per command: HELP, EXAMPLE, configure(parser) and run(args); heavy imports stay inside run."""
