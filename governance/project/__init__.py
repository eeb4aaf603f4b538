"""The composition root: the only room that knows every app, and that nothing imports.

Start reading at `settings.py` and `urls.py`; `schedules.py` lists what happens by itself, and
`dotted_paths.py` what the rooms below call by name.
"""
