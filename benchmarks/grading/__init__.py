"""What grading costs, beside papermill, nbgrader, otter and the least that is possible, and how it grows.

python -m benchmarks.grading            everything: some hours, on a machine that has nothing else to do
python -m benchmarks.grading --quick    the same with few rounds and small batches: minutes, and rough figures

The first run installs nbgrader and otter-grader into virtual environments of their own, outside the project.
An interrupted run goes on where it was when the same command is given again.
"""
