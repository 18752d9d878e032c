"""Exports of a list: CSV for programs, a workbook for people, both with exactly the rows that they are given."""

from serving.export_columns import ExportColumn, columns, exported
from serving.export_csv import csv_lines, write_csv
from serving.export_text import looks_like_formula
from serving.export_xlsx import write_xlsx

__all__ = [
    "ExportColumn",
    "columns",
    "csv_lines",
    "exported",
    "looks_like_formula",
    "write_csv",
    "write_xlsx",
]
