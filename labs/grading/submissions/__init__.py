"""From what was handed in to a notebook that can be executed.

find.py        walks paths, folders and URLs; archives.py does the same inside a zip
found.py       one file that may be a submission
names.py       what a submission and its learner are called
plainfile.py   reads and removes files that somebody else has put there
submission.py  lays a learner's exercises over the release's notebook
"""
