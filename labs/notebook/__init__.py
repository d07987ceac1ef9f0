"""What JupyterLab shows: the check panel, requests and answers; and the grader's feedback page."""
