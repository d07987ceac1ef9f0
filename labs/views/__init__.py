"""A verdict, an exchange or a report as HTML, SVG and plain text: for notebook, feedback page and dashboard."""
