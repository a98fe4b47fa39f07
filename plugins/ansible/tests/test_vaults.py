"""Files of several vaults, really encrypted, opened with a key and with a client script."""

from __future__ import annotations

import sys
from typing import Any

from hub.plugin import VaultView

DEV = """\
$ANSIBLE_VAULT;1.2;AES256;dev
30353635313762636238383364393262656336663361393462626331396232643934366233313262
6566616432343962353634363934356233393362393636330a303363623265326236333366333465
63623566663538396539333634626238636131386230353933343263383831343138663362623339
6433643663643164620a616261373738393932373963636661386639333038366533656463616434
38393766656336303366333334633739383366663531353633316461626637383636
"""
PROD = """\
$ANSIBLE_VAULT;1.2;AES256;prod
63386235323165313731636361376365663531333936393330616565306362343536353832356339
3934656465366534363364303663666637636437656266300a623465663764356138363634336135
62393036353332333437353534333035303932623039653666373630366363313363636134646366
3338616635326364320a353361383061373566373439346363393136636462353930663734653330
36303235633839383464653831383932393636373731643137653764373238376635
"""
CLIENT = f"""#!{sys.executable}
import sys
assert sys.argv[1] == "--vault-id", sys.argv
print("pw-" + sys.argv[2])
"""


async def test_two_files_with_two_ids_are_opened_by_a_key_and_by_a_client_script(bench: Any) -> None:
    """Ansible hands the id to a script whose name ends in `-client`; so a link to one keeps its own name."""
    bench.file("group_vars/all/dev.yml", DEV)
    bench.file("group_vars/all/prod.yml", PROD)
    bench.file("bin/ask.py", CLIENT, 0o755)
    (bench.root / "bin/passwords-client.py").symlink_to("ask.py")
    bench.file(
        "site.yml", "- hosts: h1\n  gather_facts: false\n  tasks: [{debug: {msg: '{{ v_dev }}, {{ v_prod }}'}}]\n"
    )
    bench.set(
        vaults=(
            VaultView("dev", "password", key=bench.key(1, password="pw-dev")),
            VaultView("prod", "script", script="bin/passwords-client.py"),
        )
    )
    assert (await bench.run()).kind == "success", bench.io.output
    assert "opened dev, opened prod" in bench.io.output
    assert [word for word in bench.playbook_call.argv if word.startswith("--vault-id")] == [
        f"--vault-id=dev@{bench.io.workspace}/key-1-password",
        f"--vault-id=prod@{bench.root}/bin/passwords-client.py",
    ]
    assert not [word for word in bench.playbook_call.argv if "pw-" in word]
