"""The Dockerfile's image without an engine: what its first stage makes, made by the same steps in a folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from containers import environment_of, last, read_dockerfile

INSTALLED = "/opt/optophone"
"""Where the image has its virtual environment."""


class Image:
    """What a container of it would run, and where it is installed instead."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Run the RUN lines beside what the COPY lines name, and nothing else of the checkout."""
        build, self._stage = read_dockerfile(root / "Dockerfile")
        self.installed = folder / "opt" / "optophone"
        context = folder / "build"
        context.mkdir()
        for instruction in build[1:]:
            if instruction.name == "COPY":
                *sources, target = instruction.words
                for source in sources:
                    _copy(root / source, context / target / (source if target == "./" else ""))
            elif instruction.name == "RUN":
                command = instruction.text.replace(INSTALLED, str(self.installed))
                call = ["sh", "-c", command]
                done = subprocess.run(call, cwd=context, capture_output=True, text=True, check=False)
                if done.returncode:
                    pytest.fail(f"{instruction.text}\n{done.stderr[-3000:]}")

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return next((self.installed / "lib").glob("python*/site-packages"))

    @property
    def environment(self) -> dict[str, str]:
        """What each of its containers has set."""
        return environment_of(self._stage)

    @property
    def command(self) -> list[str]:
        """What runs where nothing else is asked for."""
        return last(self._stage, "CMD").words

    @property
    def user(self) -> tuple[int, int]:
        """User and group, as numbers."""
        user, group = last(self._stage, "USER").text.split(":")
        return int(user), int(group)

    @property
    def health_check(self) -> dict[str, object]:
        """The check, as compose.yaml would write it."""
        options, _, command = last(self._stage, "HEALTHCHECK").text.partition("CMD ")
        given = {name.replace("-", "_"): value for name, value in re.findall(r"--([\w-]+)=(\w+)", options)}
        return {**given, "retries": int(given["retries"]), "test": ["CMD", *json.loads(command)]}

    def as_user(self) -> list[str]:
        """Return what runs a command as its user, without capabilities, where the tests run as root."""
        if os.geteuid() != 0:
            return []
        user, group = self.user
        call = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        # A Python below /root can't be read by others: then to read, never to write, is left to them.
        left = "" if all(path.stat().st_mode & 0o001 for path in Path(sys.base_prefix).parents) else ",+dac_read_search"
        return [*call, *(f"--{kind}=-all{left}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))]

    def make_folder(self, folder: Path) -> None:
        """Make a folder as a volume is made from it: its user's own, closed to others."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, *self.user)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        shutil.copy(source, target)
