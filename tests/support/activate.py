"""Becomes a program that is started as systemd starts one with sockets: activate.py FD,FD NAME:NAME PROGRAM ARGUMENT…
The descriptors are inherited by this process; the program finds them from 3 on."""
import fcntl
import os
import sys

passed = [int(fd) for fd in sys.argv[1].split(",")]
# Above all targets first: one of them may stand where another belongs.
aside = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in passed]
for target, fd in enumerate(aside, 3):
    os.dup2(fd, target)
for fd in passed:
    if fd >= 3 + len(passed):
        os.close(fd)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.argv[3], sys.argv[3:])
