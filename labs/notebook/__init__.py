"""What is Jupyter's own.

jupyterlab.py     starts JupyterLab on the workbook
live.py           a panel that is redrawn while checks run
served.py         the learner's service: its requests and its log
syntax_errors.py  tells of a cell that does not even compile
"""
