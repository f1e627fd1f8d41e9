"""The settings of commands that connect to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leverkit.cli.output import print_message

if TYPE_CHECKING:
    from leverkit.settings import Settings


def shown_settings(*, demo: bool = False, person: bool | None = None) -> Settings:
    """Return the settings; print which account they lead to, and where its address and key come from."""
    from leverkit.settings import Settings

    settings = Settings.from_environment(demo=demo, person=person)
    if settings.key or settings.demo:
        print_message(settings.connection)
    return settings
