"""One file a subcommand: parse, call the core, write."""
