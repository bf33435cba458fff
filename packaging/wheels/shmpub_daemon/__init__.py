"""The programs shmpubd and shmpub of a wheel, and where they lie.

>>> import shmpub_daemon
>>> shmpub_daemon.path("shmpubd")  # doctest: +SKIP
'/home/me/venv/lib/python3.11/site-packages/shmpub_daemon/bin/shmpubd'
"""

import os
import sys
import sysconfig

__all__ = ["PROGRAMS", "path"]

PROGRAMS = ("shmpubd", "shmpub")


def path(name="shmpubd"):
    """Return the path of a program: of the daemon "shmpubd", or of the command "shmpub".

    Whoever starts the daemon from Python best starts this file: the command that pip makes starts
    a Python first. FileNotFoundError: it is not where the wheel had it. ValueError: no such
    program.
    """
    if name not in PROGRAMS:
        raise ValueError(f"{name!r} is none of the programs {', '.join(PROGRAMS)}")
    places = list(_places(name))
    for place in places:
        if os.path.isfile(place):
            return place
    raise FileNotFoundError(
        f"{name} is in none of {', '.join(places)}: install shmpub-daemon again, by pip or uv"
    )


def _places(name):
    here = os.path.dirname(os.path.abspath(__file__))
    if os.name != "nt":
        yield os.path.join(here, "bin", name)
        return
    # On Windows a wheel's programs go where an environment has its commands, or beside the packages
    # by `pip install --target`.
    yield os.path.join(sysconfig.get_path("scripts"), name + ".exe")
    yield os.path.join(sysconfig.get_path("scripts", "nt_user"), name + ".exe")
    yield os.path.join(os.path.dirname(here), "bin", name + ".exe")


def _become(name):
    """Run the program in place of this process, with its process id."""
    program = path(name)
    try:
        os.execv(program, [name, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"{name}: {program}: {error.strerror}")


def _shmpubd():
    _become("shmpubd")


def _shmpub():
    if sys.argv[1:2] == ["service"]:
        from .service import main

        sys.exit(main(sys.argv[2:]))
    _become("shmpub")
