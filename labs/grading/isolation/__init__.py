"""Where untrusted notebooks run: namespaces, Landlock, seccomp and limits, in tiers, on Linux alone.

`tiers` chooses and names what this machine can give; `sandbox` puts the calling process into it. The rest is what these
two are made of: `linux` (system calls), `seccomp`, `landlock`, `limits`, `filesystem`.
"""
