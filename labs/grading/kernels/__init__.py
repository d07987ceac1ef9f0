"""From a notebook to a kernel that runs it: papermill's engine, and a process that forks kernels in milliseconds.

papermill_engine.py  executes a notebook and lets a judge in before its kernel goes; papermill_client.py runs the cells
provisioner.py       jupyter_client's way to start a kernel, by a request to the forkserver
start.py             starts the forkserver; socket_folder.py finds a short path for its socket
forkserver.py        forks a kernel, watches it, leaves nothing of it behind; warmup.py is what it does beforehand
kernelapp.py         the kernel itself; kernel_child.py serves its app to the judge, quiet.py stands for `lab`
fork_messages.py     what provisioner and forkserver say to each other; kernel_messages.py: what judge and kernel do
"""
