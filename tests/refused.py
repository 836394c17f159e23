"""A machine that refuses namespaces, for a process: how the course does where it cannot have a network of its own."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Runs its arguments in a user namespace in which there can be no other one: as on machines that forbid them.
NO_NAMESPACES = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
told, tell = os.pipe()
mapped, go = os.pipe()
child = os.fork()
if child == 0:
    libc.unshare(0x10000000) and os._exit(99)
    os.write(tell, b"x")
    os.read(mapped, 1)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
    os.execv(sys.argv[1], sys.argv[1:])
os.close(tell)
os.read(told, 1)
uid, gid, many = os.getuid(), os.getgid(), 1 if os.getuid() else 65536
try:
    if uid:
        open("/proc/%d/setgroups" % child, "w").write("deny")
    open("/proc/%d/uid_map" % child, "w").write("%d %d %d" % (uid, uid, many))
    open("/proc/%d/gid_map" % child, "w").write("%d %d %d" % (gid, gid, many))
    os.write(go, b"x")
except OSError:
    os.kill(child, 9)
    sys.exit(99)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def without_namespaces(folder: Path) -> str:
    """A Python that starts what it is told in such a namespace; written into this folder. Skips where there is none."""
    probe = [sys.executable, "-c", NO_NAMESPACES, shutil.which("true")]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("a user namespace is needed to show a machine without them, and there is none to be had")
    wrapper = folder / "python"
    wrapper.write_text(f"#!{sys.executable}\nimport sys\nsys.argv[1:1] = [{sys.executable!r}]\n{NO_NAMESPACES}")
    wrapper.chmod(0o755)
    return str(wrapper)
