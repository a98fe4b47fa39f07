"""The core's own plugins keep the same contracts as everybody else's."""

import asyncssh

from hub.builtin import disk_store, keys
from hub.testing import BlobStoreContract, KeyTypeContract


class TestDisk(BlobStoreContract):
    def empty(self, folder):
        (store,) = disk_store.hub_blob_stores()
        return store, store.params_type(folder=folder / "blobs")


def key_type(name):
    return next(each for each in keys.hub_key_types() if each.name == name)


class TestString(KeyTypeContract):
    key_type = key_type("string")

    def sample(self):
        return self.key_type.params_type(string="hunter2 and more")


class TestLoginPassword(KeyTypeContract):
    key_type = key_type("login_password")

    def sample(self):
        return self.key_type.params_type(login="jane", password="hunter2 and more")


class TestSsh(KeyTypeContract):
    key_type = key_type("ssh")

    def sample(self):
        private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        return self.key_type.params_type(login="jane", private_key=private)
