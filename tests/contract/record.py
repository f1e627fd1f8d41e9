"""Write the recordings that the contract tests compare with: `PYTHONPATH=tests python -m contract.record`.

Doing so is legitimate only for a change that users are told of in CHANGELOG.md, never to make a test pass.
"""

from __future__ import annotations

from contract import flow, schemas, surface

RECORDINGS = {
    "names.json": surface.names,
    "commands.json": surface.commands,
    "exit_codes.json": surface.exit_codes,
    "notebooks.json": surface.notebooks,
    "forms.json": flow.recording,
}


def main() -> None:
    """Write all recordings. `old_run/` is not among them: it stays as the older version left it."""
    for name, found in RECORDINGS.items():
        surface.write(name, found())
    schemas.write()


if __name__ == "__main__":
    main()
