"""From a notebook to a verdict: a process for each submission, forked from one that has imported everything.

pool.py         keeps so many judges at work, each with its time limit and its end
start.py        starts the process that judges are forked from; preload.py is what that one imports
judge.py        what a judge does: executes the notebook, runs the checks, sends what it finds
kernel_host.py  the judge's end of the connection to a kernel that serves an app
judge_messages.py  what pool and judge say to each other
"""
