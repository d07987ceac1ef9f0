"""The Service Patterns Workbook: labs, the checks that judge them, and the tools around both."""

from importlib.metadata import version

__version__ = version("service-patterns-workbook")
