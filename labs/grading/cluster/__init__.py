"""Grading on several machines, with dask.distributed.

    labs grade            client.py     hands out submissions, takes results, stores each once
      dask scheduler
        dask worker       worker.py     a plugin that says what the worker is fit for; one task a submission
          worker_child.py            a process of its own, away from dask's threads: one submission at a time

Between them go the messages of worker_messages.py; identity.py tells whether both ends have the same release. Nothing
here is imported unless it is asked for: dask is an optional extra.
"""
