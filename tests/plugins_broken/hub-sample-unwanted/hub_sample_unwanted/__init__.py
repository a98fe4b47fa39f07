"""A plugin that must not even be imported when the settings turn it off."""

raise AssertionError("imported although it is turned off")
