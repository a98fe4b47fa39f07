"""Makes tiny Python packages, so that what installs some can be tried without a network."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def make_wheel(
    folder: Path, name: str, version: str, *, modules: Mapping[str, str], requires: Sequence[str] = (),
    programs: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """Write a wheel with these modules (path and text) and programs (name and `module:function`)."""
    base = f"{name.replace('-', '_')}-{version}"
    info = f"{base}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    members = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hub\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if programs:
        listed = "".join(f"{program} = {place}\n" for program, place in programs.items())
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{listed}"
    members[f"{info}/RECORD"] = "".join(f"{member},,\n" for member in (*members, f"{info}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{base}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path
