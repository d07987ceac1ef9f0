"""What authors of labs need: notebooks built from a lesson, and the proof that its checks judge rightly.

build.py    `labs build`: notebook.py makes notebooks of a lesson, execute.py runs the solved one
verify.py   `labs verify`: content.py says what is incomplete; checksfolder.py reads the checks, answers.py the answers;
            assemble.py makes services of them; rules.py says what a run has to show; problems.py keeps what is wrong
pool.py     has worker processes do all this: worker.py is one of them, worker_messages.py is what they are told
"""
