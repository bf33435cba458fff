"""shmpub service: the daemon of this package as a service of systemd or of Windows.

The programs are copied to a place of their own, because an environment may be moved or removed; all
that is made is noted there, and `uninstall` removes that and nothing else.
"""

import argparse
import os
import subprocess
import sys

from . import path
from .made import Failure

__all__ = ["main"]

ABOUT = """\
The daemon as a service that starts by itself. Its programs are copied out of the environment that
pip made. On Linux it is a service of the whole system for root, and one of the user's own for
others (systemd --user); on Windows it takes an administrator.
"""
STATUSES = "status 0: it runs; 3: it does not; 4: it is not installed"


def parser():
    top = argparse.ArgumentParser(
        prog="shmpub service",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = top.add_subparsers(dest="word", metavar="install|uninstall|status")
    making = words.add_parser(
        "install", help="copy the programs, and have them started; again: upgrade"
    )
    making.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="[NAME=]CSV..., or a configuration FILE.ini"
    )
    making.add_argument(
        "--interval", metavar="TIME", help="how often CSV sources are looked at (1s)"
    )
    making.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="as in up")
    making.add_argument("-i", "--instance", metavar="NAME", help="of CSV sources (shmpub)")
    making.add_argument("-d", "--directory", metavar="PATH", help="where its tables are")
    removing = words.add_parser("uninstall", help="remove all that install has made")
    removing.add_argument("--all", action="store_true", help="also what was changed since")
    words.add_parser("status", help=STATUSES)
    return top


def version():
    """Return the version of this package's programs."""
    done = subprocess.run([path("shmpubd"), "--version"], stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8", "replace").split("\n")[0].replace("shmpubd ", "").strip()


def check_words(said):
    """The options that say what stands in a configuration go with CSV sources alone."""
    is_ini = [word for word in said.sources if word.endswith(".ini") and "=" not in word]
    options = said.interval or said.set or said.instance or said.directory
    if is_ini and len(said.sources) > 1:
        raise Failure(f"{is_ini[0]}: a configuration stands alone")
    if options and (is_ini or not said.sources):
        raise Failure(
            "--interval, --set, -i and -d go with CSV sources: a configuration says all that"
        )


def run(said):
    is_windows = os.name == "nt"
    if is_windows:
        from . import windows as system
    else:
        from . import systemd as system
    is_system = is_windows or os.geteuid() == 0
    if said.word == "status":
        return system.status(is_system, version())
    if said.word == "uninstall":
        system.uninstall(is_system, said.all)
    else:
        check_words(said)
        system.install(is_system, version(), said)
    return 0


def main(words):
    """Return the exit status: 0, 1: a failure, 2: a wrong command line, or those of `status`."""
    said = parser().parse_args(words)
    if said.word is None:
        parser().print_help(sys.stderr)
        return 2
    try:
        return run(said)
    except (Failure, OSError, subprocess.SubprocessError) as error:
        print(f"shmpub service: {error}", file=sys.stderr)
        return 1
