"""The daemon as a service of systemd: of the system for root, of their own manager for others."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from . import PROGRAMS, path
from .config import check, choose_config
from .made import Failure, Made

UNIT = "shmpubd.service"
USER = "shmpub"
RUNS, STANDS, ABSENT = 0, 3, 4  # what "status" ends with, as systemctl's
STOP_S = 20  # a daemon gives up what it does after fifteen seconds

HIDDEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # from the system's unit


def _folder(variable, default):
    said = os.environ.get(variable, "")
    return said if os.path.isabs(said) else os.path.join(os.path.expanduser("~"), default)


class Places:
    """Where everything goes, and how systemd is asked."""

    def __init__(self, is_system):
        self.is_system = is_system
        if is_system:
            self.programs = "/usr/local/libexec/shmpub"
            self.unit = "/etc/systemd/system/" + UNIT
            self.config = "/etc/shmpub/shmpubd.ini"
            self.systemctl = ["systemctl"]
            self.journal = "journalctl -u shmpubd"
        else:
            self.programs = os.path.join(_folder("XDG_DATA_HOME", ".local/share"), "shmpub")
            home = _folder("XDG_CONFIG_HOME", ".config")
            self.unit = os.path.join(home, "systemd/user", UNIT)
            self.config = os.path.join(home, "shmpub/shmpubd.ini")
            self.systemctl = ["systemctl", "--user"]
            self.journal = "journalctl --user -u shmpubd"
        self.note = os.path.join(self.programs, "service.json")
        self.asked = " ".join(self.systemctl)  # for messages

    def program(self, name):
        return os.path.join(self.programs, name)


# --- systemd -------------------------------------------------------------------------------


def lines(words):
    """Return the lines that a program writes; none when it fails."""
    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return []
    return [] if done.returncode else done.stdout.decode("utf-8", "replace").splitlines()


def run(words):
    """Return the status and what was said, on one line."""
    try:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
    except FileNotFoundError:
        return 127, f"there is no program {words[0]} here"
    except subprocess.TimeoutExpired:
        return 1, f"{words[0]} gives no answer"
    return done.returncode, " ".join(done.stdout.decode("utf-8", "replace").split())


def must(words):
    status, said = run(words)
    if status:
        raise Failure(f"{' '.join(words)}: {said or f'status {status}'}")


def show(places, *names):
    """Return properties of the unit, by name."""
    words = [*places.systemctl, "show", UNIT, *(f"--property={name}" for name in names)]
    found = dict(line.split("=", 1) for line in lines(words) if "=" in line)
    return {name: found.get(name, "") for name in names}


def why_no_manager(places):
    """Return why systemd cannot be asked; empty when it can."""
    if not os.path.isdir("/run/systemd/system") or shutil.which("systemctl") is None:
        return "this system was not started by systemd: shmpub up --detach serves without a service"
    if not places.is_system:
        own = f"/run/user/{os.getuid()}"
        if not os.environ.get("XDG_RUNTIME_DIR") and os.path.isdir(own):
            os.environ["XDG_RUNTIME_DIR"] = own  # su and cron leave it out
    status, said = run([*places.systemctl, "show", "--property=Version"])
    if status == 0:
        return ""
    if places.is_system:
        return f"systemd gives no answer: {said}"
    me = user_name()
    return (
        f"systemd has no manager for the user {me} ({said}): log in as {me}, or have root say "
        f"loginctl enable-linger {me}; a service of the system is sudo shmpub service install"
    )


def user_name():
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def systemd_version():
    found = re.search(r"\d+", run(["systemctl", "--version"])[1])
    return int(found.group()) if found else 0


# --- the unit ------------------------------------------------------------------------------


def in_unit(text, is_argument):
    """Return a path as it stands in a unit's command."""
    if re.search(r"[\x00-\x1f\x7f]", text) or ("$" in text and not is_argument):
        raise Failure(f"{text!r}: no unit of systemd can have such a path")
    text = re.sub(r"[ \"'\\;]", lambda found: f"\\x{ord(found.group()):02x}", text)
    return text.replace("%", "%%").replace("$", "$$")


def template(name):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "systemd", name), encoding="utf-8") as file:
        return file.read()


def unit_text(places, config):
    ini, programs = in_unit(config, True), in_unit(places.programs, False)
    reload, kind = f"ExecReload={programs}/shmpubd --check --quiet -c {ini}", "notify-reload"
    if systemd_version() < 253:  # from then on systemd sends HUP itself, and waits
        reload, kind = reload + "\nExecReload=/bin/sh -c 'kill -HUP $MAINPID'", "notify"
    text = template("shmpubd.service.in" if places.is_system else "shmpubd-user.service.in")
    for name, value in (
        ("SHMPUB_BIN_DIR", programs),
        ("UNIT_INI", ini),
        ("UNIT_TYPE", kind),
        ("UNIT_RELOAD", reload),
        ("UNIT_TITLE", ""),
    ):
        text = text.replace(f"@{name}@", value)
    return text


def refuse_others(places, made):
    """Failure when the unit's name is taken."""
    unit = show(places, "LoadState", "FragmentPath")
    if unit["LoadState"] == "masked":
        raise Failure(f"{UNIT} is masked: {places.asked} unmask {UNIT}")
    taken = unit["FragmentPath"]
    if taken and places.unit not in made.files:
        raise Failure(
            f"systemd has a {UNIT} already, of a package or made by hand: {taken}. That one "
            f"is to be used, or to be removed first"
        )


# --- install -------------------------------------------------------------------------------


def write_files(places, made, config, data, version):
    """Write what differs. Returns whether anything did."""
    is_new = False
    if data is not None:
        is_new |= made.write(places.config, data, 0o644 if places.is_system else 0o600)
    check(path("shmpubd"), config)
    for name in PROGRAMS:
        with open(path(name), "rb") as file:
            is_new |= made.write(places.program(name), file.read(), 0o755)
    is_new |= made.write(places.unit, unit_text(places, config).encode(), 0o644)
    if places.is_system:
        is_new |= made.write(
            "/etc/sysusers.d/shmpub.conf", template("shmpub.sysusers").encode(), 0o644
        )
        is_new |= made.write(
            "/etc/tmpfiles.d/shmpub.conf", template("shmpub.tmpfiles").encode(), 0o644
        )
    made.words.update(version=version, config=config)
    made.save()
    return is_new


def has_user():
    import pwd

    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def make_user(made):
    if not has_user():
        made.words["user"] = USER
        made.save()
    must(["systemd-sysusers", "/etc/sysusers.d/shmpub.conf"])
    must(["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/shmpub.conf"])


def leave_tables(places):
    """End the daemon by QUIT, which leaves its tables for the next one."""
    pid = int(show(places, "MainPID")["MainPID"] or 0)
    if pid:
        os.kill(pid, signal.SIGQUIT)
    end = time.monotonic() + STOP_S
    while pid and time.monotonic() < end and is_active(places):
        time.sleep(0.05)


def is_active(places):
    return show(places, "ActiveState")["ActiveState"] in ("active", "reloading", "deactivating")


def start(places, config):
    must([*places.systemctl, "daemon-reload"])
    if show(places, "LoadState")["LoadState"] == "not-found":
        raise Failure(
            f"systemd does not look for {places.unit}: HOME or XDG_CONFIG_HOME is another one "
            "than its manager has"
        )
    must([*places.systemctl, "enable", "--quiet", UNIT])
    leave_tables(places)
    run([*places.systemctl, "reset-failed", UNIT])
    status, said = run([*places.systemctl, "restart", UNIT])
    if status:
        log = lines([*places.journal.split(), "-n", "5", "-o", "cat", "--no-pager", "-q"])
        told = ["it did not start; its log ends with", *(log or [said]), *hidden(places, config)]
        raise Failure("\n  ".join(told))


def hidden(places, config):
    """Return a line when something is where the system's unit cannot see it."""
    if not places.is_system:
        return []
    with open(config, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = [folder for folder in HIDDEN if f" {folder}" in text or config.startswith(folder)]
    if not found:
        return []
    return [f"the service sees nothing of {', '.join(found)}: docs/SYSTEMD.md has what opens it"]


def install(is_system, version, said):
    places = Places(is_system)
    if why := why_no_manager(places):
        raise Failure(why)
    made = Made(places.note)
    before, was_there = made.words.get("version", ""), made.is_there
    refuse_others(places, made)
    config, data = choose_config(places, made, said)
    was_active, is_begun = is_active(places), False
    try:
        is_new = write_files(places, made, config, data, version)
        if is_system:
            make_user(made)
        if is_new or not was_active:
            is_begun = True
            start(places, config)
    except BaseException:
        take_back(places, made, was_there, was_active and is_begun)
        raise
    if not was_there:
        print(f"shmpub {version} is installed as a service; the programs were copied, and need no "
              "environment")  # fmt: skip
    elif before != version:
        print(f"shmpub {version} replaces {before}")
    else:
        print(f"shmpub {version} was installed already{'; it was made new' if is_new else ''}")
    tell(places, config)


def take_back(places, made, was_there, has_to_run):
    """Put all back as it was, the service too."""
    is_new_user = made.is_new("user")
    if not was_there:
        run([*places.systemctl, "disable", "--now", "--quiet", UNIT])
    made.undo()
    run([*places.systemctl, "daemon-reload"])
    if has_to_run:
        run([*places.systemctl, "restart", UNIT])
    elif not is_active(places):
        run([*places.systemctl, "stop", UNIT])  # it may be about to try again
        run([*places.systemctl, "reset-failed", UNIT])
    if is_new_user:
        remove_user()
    print("all is as it was before:", file=sys.stderr)


def first_word(places):
    """Return how the feeds are, as the service says a moment after it is ready."""
    end = time.monotonic() + 2
    while True:
        text = show(places, "StatusText")["StatusText"]
        if " fresh" in text or time.monotonic() > end:
            return text
        time.sleep(0.05)


def tell(places, config):
    print(f"programs:      {places.programs}\nunit:          {places.unit}")
    print(f"configuration: {config}")
    print(f"it says:       {first_word(places) or 'nothing yet'}")
    print(f"look at it:    {places.program('shmpub')} ls; {places.asked} status shmpubd; "
          f"{places.journal}")  # fmt: skip
    if not places.is_system and not os.path.exists(f"/var/lib/systemd/linger/{user_name()}"):
        print("it runs while you are logged in; from boot on after: loginctl enable-linger")
    for line in hidden(places, config):
        print(line)


# --- uninstall, status ---------------------------------------------------------------------


def remove_user():
    """The account, its tables, and their folder."""
    import pwd

    try:
        uid = pwd.getpwnam(USER).pw_uid
    except KeyError:
        return
    for entry in list(os.scandir("/dev/shm")):
        if entry.stat(follow_symlinks=False).st_uid == uid and entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
    status, said = run(["userdel", USER])
    if status:
        print(f"the user {USER} stays: {said}", file=sys.stderr)


def made_by_others(places):
    taken = show(places, "FragmentPath")["FragmentPath"]
    return f"; {taken} was made by something else" if taken else ""


def uninstall(is_system, is_all):
    places = Places(is_system)
    made, why = Made(places.note), why_no_manager(places)
    if not made.is_there:
        raise Failure(f"nothing is installed here{made_by_others(places)}")
    if why:
        print(f"the files are removed, but: {why}", file=sys.stderr)
    else:
        must([*places.systemctl, "disable", "--now", "--quiet", UNIT])
    for file in list(made.files):
        made.remove(file, is_anyway=is_all, is_kept=file == places.config)
    link = os.path.join(
        os.path.dirname(places.unit),
        "multi-user.target.wants" if is_system else "default.target.wants",
        UNIT,
    )
    if os.path.islink(link) and not os.path.exists(link):
        os.unlink(link)  # where no manager could be asked
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(link))
    if made.words.get("user"):
        remove_user()
    made.remove_note()
    run([*places.systemctl, "daemon-reload"])
    run([*places.systemctl, "reset-failed", UNIT])
    if os.path.isdir(places.unit + ".d"):
        print(f"{places.unit}.d stays: your drop-ins are in it")
    print("the service is uninstalled")


def status(is_system, version):
    places = Places(is_system)
    made, why = Made(places.note), why_no_manager(places)
    if not made.is_there:
        print(f"not installed{made_by_others(places)}")
        return ABSENT
    unit = show(places, "ActiveState", "StatusText", "MainPID", "UnitFileState")
    runs = unit["ActiveState"] in ("active", "reloading")
    pid = f", process {unit['MainPID']}" if unit["MainPID"] not in ("", "0") else ""
    print(f"shmpubd:       {why or unit['ActiveState'] + pid + ', ' + unit['UnitFileState']}")
    if unit["StatusText"]:
        print(f"it says:       {unit['StatusText']}")
    print(f"programs:      {places.programs}, version {made.words.get('version', 'unknown')}")
    print(f"unit:          {places.unit}\nconfiguration: {made.words.get('config', places.config)}")
    made.print_differences(version)
    return RUNS if runs else STANDS
