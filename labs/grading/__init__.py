"""Grading: from what somebody handed in to a score, its reasons and the reports about it.

A submission's way, with a room for each step (tests/test_layers.py says which room may import which):

    isolation/     locks a process up: what it sees, what it may use, how strictly
    submissions/   finds notebooks in what was handed in, names them, lays them over the release
    kernels/       starts a kernel for a notebook by a fork and executes it with papermill
    judges/        a process for each submission: executes it, runs the checks, says what came of it
    cluster/       the same on the workers of a dask cluster
    storage/       submissions and results at URLs
    reports/       pages for learners, tables for instructors

On this floor: `batch` grades all of it and resumes, `results_folder` keeps results on disk, `executors` choose who
grades, `doctor` says what this machine can promise; `job` is what a judge is told, `result` what came of it, `release`
what a score depends on, `roster` a class list.
"""
