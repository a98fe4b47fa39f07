"""Paths that people name stay inside their folder (W-55)."""

from __future__ import annotations

import pytest

from hub.errors import Invalid
from hub.worker.confine import confine


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "checkout"
    (root / "roles/web").mkdir(parents=True)
    (root / "site.yml").write_text("x")
    (tmp_path / "secret").write_text("x")
    (root / "inside").symlink_to("roles/web")
    (root / "outside").symlink_to(tmp_path)
    (root / "etc").symlink_to("/etc")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("path", ["site.yml", "./site.yml", "roles/web/x.yml", "inside/x.yml", "new/file", ".", "a..b"])
def test_a_path_inside_is_resolved(root, path):
    assert confine(root, path, what="playbook").is_relative_to(root.resolve())


@pytest.mark.parametrize(
    "path",
    [
        *["", " ", "/etc/passwd", "..", "../secret", "roles/../../secret", "roles/..", "outside/secret", "etc/passwd"],
        *["a\x00b", "\ud800", "loop/x"],
    ],
)
def test_a_path_that_leads_out_is_refused_with_a_sentence(root, path):
    with pytest.raises(Invalid, match=r"^The playbook .*\.$"):
        confine(root, path, what="playbook")


def test_a_root_behind_a_symbolic_link_is_no_escape(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert confine(tmp_path / "link", "site.yml", what="playbook") == root.resolve() / "site.yml"
