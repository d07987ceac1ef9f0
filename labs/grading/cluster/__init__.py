"""Grading on several machines, with dask.distributed.

    labs grade            client.py     hands out submissions, takes results, stores each once
      dask scheduler
        dask worker       worker.py     a plugin that says what the worker is fit for; one task a submission
          its own process judge.py      `labs.grading.pool` for one submission at a time, away from dask's threads

Between them go plain data only. Nothing here is imported unless it is asked for: dask is an optional extra.
"""
