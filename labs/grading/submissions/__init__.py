"""From what was handed in to a notebook that can be executed.

find.py        walks paths, folders and URLs; archives.py does the same inside a zip
found.py       one file that may be a submission
names.py       what a submission and its learner are called; layouts.py knows how learning platforms name files
plainfile.py   tells what a file holds, reads and removes files that somebody else has put there
notebook.py    keeps of a file what counts: cells' sources and the course's marks
rescue.py      finds exercises whose marks are gone
submission.py  lays a learner's exercises over the release's notebook
"""
