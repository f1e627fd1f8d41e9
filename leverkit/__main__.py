"""`python -m leverkit`: the command line, for where the `leverkit` script is not on the path."""

from leverkit.cli.main import main

main()
