"""Folders of this machine as a storage layer."""
