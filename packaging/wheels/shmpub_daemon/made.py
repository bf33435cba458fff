"""What "shmpub service install" has made: files and folders, noted in a file beside the programs.

The note is written before each file is: who is killed halfway leaves nothing that uninstall does
not know. A file that somebody changed since is never removed or replaced without a word.
"""

import contextlib
import hashlib
import json
import os

__all__ = ["Failure", "Made"]

ASIDE = ".saved"


class Failure(Exception):
    """A line for the user, who can do something about it."""


def read_bytes(file):
    """Return what is in a file, or None when there is none."""
    try:
        with open(file, "rb") as had:
            return had.read()
    except FileNotFoundError:
        return None


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


class Made:
    """The files, with the sum of what was written, the folders in the order of their making, and
    some words: `version`, `config`, `user`."""

    def __init__(self, note):
        self.note = note
        self.files, self.folders, self.words = {}, [], {}
        self._before = []  # (file, its bytes and mode or None), for undo()
        self._aside = []
        self._read()
        self._had = dict(self.files), dict(self.words)

    def is_new(self, word):
        """True when the word came with this install, and not with one before."""
        return word in self.words and word not in self._had[1]

    def _read(self):
        try:
            with open(self.note, encoding="utf-8") as file:
                read = json.load(file)
            self.files = {str(name): str(value) for name, value in read["files"].items()}
            self.folders = [str(name) for name in read["folders"]]
            self.words = {str(name): str(value) for name, value in read["words"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Failure(
                f"{self.note}, which has what was installed, cannot be read; nothing is changed: "
                f"{error}"
            ) from None

    @property
    def is_there(self):
        """True when something is installed."""
        return bool(self.files)

    def save(self):
        self.make_folder(os.path.dirname(self.note))
        entries = {"files": self.files, "folders": self.folders, "words": self.words}
        with open(self.note + ".new", "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=1)
        os.replace(self.note + ".new", self.note)

    def is_changed(self, file):
        """True when a file is not what was written; one that is gone is no change."""
        data = read_bytes(file)
        return data is not None and sum_of(data) != self.files.get(file)

    def is_as(self, file, data):
        """True when write() would do nothing."""
        return read_bytes(file) == data and self.files.get(file) == sum_of(data)

    # --- making

    def print_differences(self, version):
        """Print which files are gone or were changed, and whether they are of another version."""
        for file in self.files:
            if not os.path.exists(file):
                print(f"gone:          {file}")
            elif self.is_changed(file):
                print(f"changed since: {file}")
        if self.words.get("version") != version:
            print(f"this package has version {version}: shmpub service install puts it in place")

    def make_folder(self, folder):
        """Make it, and those above it, and note those that were not there."""
        if os.path.isdir(folder):
            return
        self.make_folder(os.path.dirname(folder))
        os.mkdir(folder, 0o755)
        self.folders.append(folder)

    def write(self, file, data, mode):
        """Put a file in place, in one step. Returns False when it was so already.

        Failure: it is there, and not ours.
        """
        had = read_bytes(file)
        if had is not None and file not in self.files:
            raise Failure(
                f"{file} is there already, and was not made by shmpub service: move it away"
            )
        if self.is_as(file, data):
            return False
        if had is not None and self.is_changed(file):
            self._put_aside(file)
        elif had is not None:
            self._before.append((file, had, os.stat(file).st_mode & 0o777))
        if had is None:
            self._before.append((file, None, 0))
        self.make_folder(os.path.dirname(file))
        self.files[file] = sum_of(data)
        self.save()
        self._replace(file, data, mode)
        return True

    @staticmethod
    def _replace(file, data, mode):
        try:
            with open(file + ".new", "wb") as out:
                out.write(data)
            os.chmod(file + ".new", mode)
            os.replace(file + ".new", file)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(file + ".new")
            raise

    def _put_aside(self, file):
        os.replace(file, file + ASIDE)
        self._aside.append(file)
        print(f"{file} was changed since it was installed: as it was it is now {file}{ASIDE}")

    def undo(self):
        """Put back what was there before this install began; a first one leaves nothing."""
        for file, data, mode in reversed(self._before):
            if data is None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(file)
            else:
                self._replace(file, data, mode)
        for file in self._aside:
            os.replace(file + ASIDE, file)
        self.files, self.words = self._had
        if self.files:
            self.save()
        else:
            self.remove_note()

    # --- removing

    def remove(self, file, is_anyway=False, is_kept=False):
        """Remove a file. One that was changed stays (`is_kept`) or is put aside, with a word."""
        if self.is_changed(file) and not is_anyway:
            if is_kept:
                print(f"{file} stays, because it was changed since it was installed")
            else:
                self._put_aside(file)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(file)
        del self.files[file]

    def remove_note(self):
        """Remove the note itself, and the folders that we made and that are empty."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.note)
        for folder in reversed(self.folders):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        self.folders = [folder for folder in self.folders if os.path.isdir(folder)]
