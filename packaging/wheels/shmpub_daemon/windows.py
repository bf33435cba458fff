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


def write_files(places, made, config, data, version):
    """Write what differs. Returns whether anything did."""
    is_new, folder = False, os.path.dirname(places.config)
    if data is not None:
        is_new |= made.write(places.config, data, 0o644)
        if folder in made.folders:
            close_folder(folder)
    check(path("shmpubd"), config)
    for name in PROGRAMS:
        with open(path(name), "rb") as file:
            is_new |= made.write(places.program(name), file.read(), 0o755)
    made.words.update(version=version, config=config)
    made.save()
    return is_new


def register(places, made, config, was_there):
    """Make the service anew when it is to have another configuration."""
    program = places.program("shmpubd")
    if was_there:
        service(program, "uninstall")
    must(program, "install", "--config", config, "--auto-restart")


def install(is_system, version, said):
    del is_system  # there is one kind
    must_be_administrator()
    places = Places()
    made = Made(places.note)
    before, was_there = dict(made.words), made.is_there
    state, told = service(path("shmpubd"), "status")
    if state != ABSENT and not was_there:
        raise Failure(f"Windows has a service shmpubd already, of something else:\n{told}")
    config, data = choose_config(places, made, said)
    if state == RUNS:
        must(path("shmpubd"), "stop")  # a program that runs cannot be replaced
    try:
        write_files(places, made, config, data, version)
        if state == ABSENT or before.get("config") != config:
            register(places, made, config, state != ABSENT)
        must(places.program("shmpubd"), "start")
    except BaseException:
        take_back(places, made, was_there, state, before.get("config"))
        raise
    was = before.get("version")
    if not was_there:
        print(f"shmpub {version} is installed as a service; the programs were copied, and need no "
              "environment")  # fmt: skip
    else:
        print(
            f"shmpub {version} {'was installed already' if was == version else f'replaces {was}'}"
        )
    print(f"programs:      {places.programs}\nconfiguration: {config}")
    print(f'look at it:    "{places.program("shmpub")}" ls; services.msc; the event log')


def take_back(places, made, was_there, state, config):
    """As it was before: nothing, or the programs and the service that were there."""
    program = path("shmpubd")
    if service(program, "status")[0] == RUNS:
        service(program, "stop")
    if state == ABSENT:
        service(program, "uninstall")
    made.undo()
    if state != ABSENT and was_there:
        service(places.program("shmpubd"), "uninstall")
        service(places.program("shmpubd"), "install", "--config", config, "--auto-restart")
    if state == RUNS:
        service(places.program("shmpubd"), "start")


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
    for file in made.files:
        if not os.path.exists(file):
            print(f"gone:          {file}")
        elif made.is_changed(file):
            print(f"changed since: {file}")
    if made.words.get("version") != version:
        print(f"this package has version {version}: shmpub service install puts it in place")
    return state
