"""What the client needs of the operating system. No other module asks which system this is.

There is a module for each kind of system. Both have these names, with the same meaning:

DIRECTORY                the default of the argument `directory`
Owner                    the type that identifies an account: a uid, or the text of a SID
owner_of(value)          the account that the argument `owner` names; raises TypeError, ValueError
check_names(directory, instance)
                         raises ValueError when no object can have such a name
path_of(directory, instance)
                         the instance's name in messages
find_instances(directory, is_instance)
                         the names of the instances in a directory, or of some when there are many,
                         and the words that introduce them in a message. `is_instance(name)` says
                         whether an instance can have that name
own_namespace()          a number for the namespace of this process's pids; 0: unknown
why_no_process(pid, start)
                         the reason to believe that no such process lives; None while it may live

Instance(place)          the catalog of an instance, opened and mapped. Its owner is trusted. Raises
                         InstanceNotFound, AccessDenied, UntrustedOwner, FormatError.
    .path                the catalog's name in messages
    .content             its bytes, a read-only array of at least one byte
    .stands(is_stopped)  whether the instance still has this catalog. `is_stopped` says whether the
                         catalog's publisher has stopped
    .sleep(index, seen, seconds)
                         sleeps until the catalog's 32-bit word at `index` differs from `seen`, or
                         the time has passed. It may return early. Ctrl-C ends the sleep
    .open_segment(feed, descriptor)
                         the feed's newest snapshot, opened, as a Segment. `descriptor()` gives the
                         catalog's description of it at that moment, or None. Raises
                         FileNotFoundError when there is no snapshot at present, and AccessDenied,
                         UntrustedOwner, FormatError
    .open_errors(number, size)
                         the error table, opened, as a Segment; the catalog gives its number and
                         size. Raises as open_segment does

MOST_POINTS              how many points sleep_any() can wait for at once
sleep_any(points, seconds, bell=None, turn=0)
                         sleeps until one of the points has changed, or the time has passed, or the
                         bell has another turn. A point is an Instance, an index and the word that
                         was seen, as in Instance.sleep(). It may return early
Bell()                   ends the sleep of another thread of this process
    .turn                a number that ring() changes
    .ring()              ends the sleep_any() that was given the last turn

Segment                  a snapshot's memory, or the error table's. It is open until close()
    .path                its name in messages
    .size                bytes
    .is_own              whether this process's user, root or the system has written it
    .read(at, n)         a copy of n bytes, fewer where the segment ends
    .map()               all of it, as a read-only array. The mapping stays after close(), as long
                         as an array over it exists

Nothing keeps a handle or a descriptor of a snapshot open after close(). A thousand frames would
need a thousand of them; and on Linux the publisher could not learn which memory nobody uses any
more.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from . import _windows as side
else:
    from . import _posix as side

Bell = side.Bell
DIRECTORY = side.DIRECTORY
MOST_POINTS = side.MOST_POINTS
Instance = side.Instance
Owner = side.Owner
Segment = side.Segment
check_names = side.check_names
find_instances = side.find_instances
owner_of = side.owner_of
own_namespace = side.own_namespace
path_of = side.path_of
sleep_any = side.sleep_any
why_no_process = side.why_no_process
