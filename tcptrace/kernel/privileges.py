"""Root's rights, given up once what needs them is open: frames of strangers are taken apart without them."""

import grp
import os
import pwd
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tcptrace.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class User:
    """Whom a process can become."""

    name: str
    uid: int
    gid: int


def choose_user(wished: str | None, surroundings: Mapping[str, str]) -> User | None:
    """Return whom to become: the user of ``-Z``, else who called sudo; ``None``: stay.

    Only root can become somebody. Nobody is chosen unasked who could not read this program: parts of it are loaded
    later. ``UsageError`` where there is no such user.
    """
    if wished is not None:
        try:
            entry = pwd.getpwnam(wished)
        except KeyError:
            raise UsageError(f"-Z {wished}: no such user; -Z root keeps root's rights") from None
        if entry.pw_uid == os.geteuid():
            return None
        if os.geteuid() != 0:
            raise UsageError(f"-Z {wished}: only root can become another user; leave it out")
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    uid, gid = surroundings.get("SUDO_UID", ""), surroundings.get("SUDO_GID", "")
    if os.geteuid() != 0 or not (uid.isdecimal() and gid.isdecimal()) or int(uid) == 0:
        return None
    user = User(surroundings.get("SUDO_USER", uid), int(uid), int(gid))
    ours = (Path(__file__), Path(sys.executable), Path(os.__file__))
    return user if all(_may_reach(path.resolve(), user) for path in ours) else None


def become(user: User) -> None:
    """Become a user for good, with the user's groups and no capability."""
    try:
        os.initgroups(user.name, user.gid)
    except (OSError, OverflowError):
        os.setgroups([])
    os.setgid(user.gid)
    os.setuid(user.uid)


def _may_reach(path: Path, user: User) -> bool:
    """Say whether a user may read a file, by the modes of its folders and its own."""
    groups = {user.gid, *(each.gr_gid for each in grp.getgrall() if user.name in each.gr_mem)}

    def has(entry: Path, by_owner: int, by_group: int, by_others: int) -> bool:
        status = entry.stat()
        if status.st_uid == user.uid:
            return bool(status.st_mode & by_owner)
        return bool(status.st_mode & (by_group if status.st_gid in groups else by_others))

    return has(path, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH) and all(
        has(folder, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH) for folder in path.parents
    )
