"""Which configuration a service gets: one that is there, or what `shmpub up` makes of sources."""

import os
import subprocess
import tempfile

from . import path
from .made import Failure

__all__ = ["check", "choose_config"]


def choose_config(places, made, said):
    """Return the configuration's path, and its bytes if it is to be written."""
    words = said.sources
    if len(words) == 1 and words[0].endswith(".ini") and "=" not in words[0]:
        config = os.path.abspath(words[0])
        if not os.path.isfile(config):
            raise Failure(f"{config}: there is no such configuration")
        return config, None
    if words:
        if os.path.lexists(places.config) and (
            places.config not in made.files or made.is_changed(places.config)
        ):
            raise Failure(
                f"{places.config} is there already, and says what is served: name no sources, "
                f"or move it away"
            )
        return places.config, configuration(said)
    for config in (made.words.get("config", ""), places.config):
        if config and os.path.isfile(config):
            return config, None
    raise Failure(
        f"what shall be served? shmpub service install [NAME=]CSV... or FILE.ini; "
        f"or write {places.config} before"
    )


def configuration(said):
    """Return what `shmpub up` would serve for these sources."""
    options = ["--interval", said.interval] if said.interval else []
    for pair in said.set:
        options += ["--set", pair]
    for name, value in (("-i", said.instance), ("-d", said.directory)):
        options += [name, value] if value else []
    with tempfile.TemporaryDirectory(prefix="shmpub-") as aside:
        new = os.path.join(aside, "new.ini")
        done = subprocess.run(
            [path("shmpub"), *options, "up", "--save", new, "--", *said.sources],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()
            raise Failure(told[len("shmpub: ") :] if told.startswith("shmpub: ") else told)
        with open(new, "rb") as file:
            return file.read()


def check(program, config):
    """Failure when the new program does not take the configuration."""
    done = subprocess.run(
        [program, "--check", "-c", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    told = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        raise Failure(f"the configuration is not well:\n{told}")
    if told:
        print(told)
