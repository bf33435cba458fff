"""The daemon as a service of Windows: `shmpubd service`, with copies of the programs."""

import ctypes
import os
import subprocess
import sys

from . import PROGRAMS, path
from .config import check, choose_config
from .made import Failure, Made

RUNS, STANDS, ABSENT = 0, 3, 4  # what "shmpubd service status" ends with


class Places:
    """Where everything goes. The folder of the installer is another one."""

    def __init__(self):
        programs = os.environ.get("ProgramFiles", r"C:\Program Files")
        data = os.environ.get("ProgramData", r"C:\ProgramData")
        self.programs = os.path.join(programs, "shmpub-daemon")
        self.config = os.path.join(data, "shmpub", "shmpubd.ini")
        self.note = os.path.join(self.programs, "service.json")

    def program(self, name):
        return os.path.join(self.programs, name + ".exe")


def service(program, *words):
    """Run `shmpubd service`; return its status and what it said."""
    done = subprocess.run(
        [program, "service", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r\n", "\n").strip()


def must(program, *words):
    status, said = service(program, *words)
    if status:
        raise Failure(said or f"shmpubd service {words[0]}: status {status}")
    if said:
        print(said)


def must_be_administrator():
    if not ctypes.windll.shell32.IsUserAnAdmin():
        raise Failure(
            'it takes an administrator: a terminal that was opened by "Run as administrator"'
        )


def close_folder(folder):
    """A folder of ours in ProgramData, where everybody may put files: only administrators here."""
    words = ["/inheritance:r", "/grant:r", "*S-1-5-32-544:(OI)(CI)F", "*S-1-5-18:(OI)(CI)F"]
    words.append("*S-1-5-32-545:(OI)(CI)RX")
    done = subprocess.run(["icacls", folder, *words], stdout=subprocess.DEVNULL)
    if done.returncode:
        print(
            f"{folder}: icacls could not close it; docs/WINDOWS.md has the command", file=sys.stderr
        )


def write_config(places, made, config, data):
    """Write it where it is to be written, and check it. Returns whether it is another one now."""
    is_new, folder = made.words.get("config") != config, os.path.dirname(places.config)
    if data is not None:
        is_new |= made.write(places.config, data, 0o644)
        if folder in made.folders:
            close_folder(folder)
    check(path("shmpubd"), config)
    return is_new


def read_programs(places):
    """Return what is to be where."""
    found = {}
    for name in PROGRAMS:
        with open(path(name), "rb") as file:
            found[places.program(name)] = file.read()
    return found


class Change:
    """What was done to the service itself, so that it can be taken back."""

    def __init__(self, places, made):
        self.places, self.made = places, made
        self.was_there, self.config = made.is_there, made.words.get("config")
        self.state, self.told = service(path("shmpubd"), "status")
        self.is_stopped = self.is_registered = False

    def make(self, config, is_new, version):
        programs = read_programs(self.places)
        is_new |= not all(self.made.is_as(file, data) for file, data in programs.items())
        if self.state == RUNS and is_new:
            self.is_stopped = True
            must(path("shmpubd"), "stop")  # a program that runs cannot be replaced
        for file, data in programs.items():
            self.made.write(file, data, 0o755)
        self.made.words.update(version=version, config=config)
        self.made.save()
        if self.state == ABSENT or self.config != config:
            self.is_registered = True
            self._register(config)
        if self.state != RUNS or is_new:
            must(self.places.program("shmpubd"), "start")

    def _register(self, config):
        program = self.places.program("shmpubd")
        if self.state != ABSENT:
            service(program, "uninstall")
        must(program, "install", "--config", config, "--auto-restart")

    def take_back(self):
        if self.is_registered:
            service(path("shmpubd"), "uninstall")
        elif self.is_stopped or self.state == STANDS:
            service(path("shmpubd"), "stop")
        self.made.undo()
        program = self.places.program("shmpubd")
        if self.is_registered and self.state != ABSENT:
            service(program, "install", "--config", self.config, "--auto-restart")
        if self.is_stopped:
            service(program, "start")
        print("all is as it was before:", file=sys.stderr)


def install(is_system, version, said):
    del is_system  # there is one kind
    must_be_administrator()
    places = Places()
    made = Made(places.note)
    was = made.words.get("version")
    change = Change(places, made)
    if change.state != ABSENT and not change.was_there:
        raise Failure(f"Windows has a service shmpubd already, of something else:\n{change.told}")
    config, data = choose_config(places, made, said)
    try:
        is_new = write_config(places, made, config, data)
        change.make(config, is_new, version)
    except BaseException:
        change.take_back()
        raise
    if not change.was_there:
        print(f"shmpub {version} is installed as a service; the programs were copied, and need no "
              "environment")  # fmt: skip
    else:
        print(
            f"shmpub {version} {'was installed already' if was == version else f'replaces {was}'}"
        )
    print(f"programs:      {places.programs}\nconfiguration: {config}")
    print(f'look at it:    "{places.program("shmpub")}" ls; services.msc; the event log')


def uninstall(is_system, is_all):
    del is_system
    must_be_administrator()
    places = Places()
    made = Made(places.note)
    state, told = service(path("shmpubd"), "status")
    if not made.is_there:
        other = (
            f"; a service shmpubd was made by something else:\n{told}" if state != ABSENT else ""
        )
        raise Failure(f"nothing is installed here{other}")
    if state != ABSENT:
        must(path("shmpubd"), "uninstall")
    for file in list(made.files):
        made.remove(file, is_anyway=is_all, is_kept=file == places.config)
    made.remove_note()
    print("the service is uninstalled")


def status(is_system, version):
    del is_system
    places = Places()
    made = Made(places.note)
    state, told = service(path("shmpubd"), "status")
    if not made.is_there:
        print("not installed" if state == ABSENT else f"not installed by this package:\n{told}")
        return ABSENT
    print(told)
    print(f"programs:      {places.programs}, version {made.words.get('version', 'unknown')}")
    made.print_differences(version)
    return state
