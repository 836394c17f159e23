"""Landlock: which files and TCP ports this process and its children may still touch (Linux 5.13 and later).

See the kernel's Documentation/userspace-api/landlock.rst. No library that is kept up wraps these three system
calls, so they are made with ctypes.
"""
import ctypes
import os
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH, RULE_NET_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV      # what makes sense on what is no folder
BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_UNIX_SOCKET, SIGNAL = 1, 2
PR_SET_NO_NEW_PRIVS = 38


def _syscall(*arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def abi() -> int:
    """The version of Landlock in this kernel: 0 without it, 4 with TCP ports, 6 with signals."""
    if sys.platform != "linux":
        return 0
    try:
        return _syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


def restrict(read: Iterable[str], write: Iterable[str], ports: Iterable[int]) -> None:
    """Let this process touch nothing else, from now on and for ever, nor any child of it.

    read: files and folders that it may read and execute. write: those in which it may do anything. Paths that
    do not exist are left out. ports: TCP ports that it may bind and connect to (from ABI 4). From ABI 6 it can
    signal nobody outside. Raises OSError if the kernel refuses.
    """
    version = abi()
    # One more kind of access with ABI 2 (rename between folders), 3 (truncate) and 5 (ioctl).
    files = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    net = BIND_TCP | CONNECT_TCP if version >= 4 else 0
    scope = ABSTRACT_UNIX_SOCKET | SIGNAL if version >= 6 else 0
    attributes = struct.pack("=QQQ", files, net, scope)[:8 if version < 4 else 16 if version < 6 else 24]
    rules = _syscall(CREATE_RULESET, attributes, len(attributes), 0)
    for paths, access in (read, READ), (write, files):
        for path in paths:
            try:
                beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            allowed = access & files & (-1 if os.path.isdir(path) else FOR_FILES)
            _syscall(ADD_RULE, rules, RULE_PATH_BENEATH, struct.pack("=Qi", allowed, beneath), 0)
            os.close(beneath)
    if net:
        for port in ports:
            _syscall(ADD_RULE, rules, RULE_NET_PORT, struct.pack("=QQ", net, port), 0)
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _syscall(RESTRICT_SELF, rules, 0)
    os.close(rules)
