"""What an operating system gives a reader, and the only place that asks which one this is.

Both sides have these names, and mean the same by them:

DIRECTORY                where instances are when nobody says otherwise
Owner                    what identifies an account: a uid, or a SID's text
owner_of(value)          the account that was named by the argument `owner`; TypeError, ValueError
check_names(directory, instance)
                         ValueError when there can't be objects of such names
path_of(directory, instance)
                         what an instance is called in messages
find_instances(directory, is_instance)
                         names of the instances that there are in it, some of them when they are
                         many, and the words that stand before them in a message.
                         `is_instance(name)` says whether an instance can have that name
own_namespace()          in which this process's pids mean something; 0: unknown
why_no_process(pid, start)
                         what shows that no such process lives; None while it may

Instance(place)          an instance's catalog, opened: it is there and of an owner whom we trust.
                         Raises InstanceNotFound, AccessDenied, UntrustedOwner, FormatError.
    .path                what the catalog is called in messages
    .content             its bytes, read-only: an array of one byte at least
    .stands(is_stopped)  whether the instance still has this catalog. `is_stopped` is what the
                         catalog says of its publisher
    .sleep(index, seen, seconds)
                         until the catalog's 32-bit word of that index is another one than `seen`,
                         or the time has passed; it may return early. Signals are heard.
    .open_segment(feed, descriptor)
                         the feed's newest snapshot, opened. `descriptor()` gives what the catalog
                         tells of it at that moment, or None. Raises FileNotFoundError when there is
                         none at present, and AccessDenied, UntrustedOwner, FormatError.

A segment is open until its close(), and what it has mapped stays until nobody holds it:

    .path                what it is called in messages
    .size                in bytes
    .is_own              whether I or the system's administrator wrote it
    .read(at, n)         a copy of bytes, fewer where it ends
    .map()               all of it, read-only, as an array

Nothing here keeps a handle or a descriptor of a snapshot open: a thousand frames would be a
thousand of them, and a publisher needs to know what nobody has any more.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from . import _windows as side
else:
    from . import _posix as side

DIRECTORY = side.DIRECTORY
Instance = side.Instance
Owner = side.Owner
Segment = side.Segment
check_names = side.check_names
find_instances = side.find_instances
owner_of = side.owner_of
own_namespace = side.own_namespace
path_of = side.path_of
why_no_process = side.why_no_process
