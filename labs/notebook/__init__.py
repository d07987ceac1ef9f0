"""What is Jupyter's own: starting it, a panel that is redrawn while checks run, what the cells said."""
