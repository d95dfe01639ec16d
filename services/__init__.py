"""The servers, each in a folder of its own with its tests."""
