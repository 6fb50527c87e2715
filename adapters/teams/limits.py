"""Limits of Teams cards (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards) and our own."""

from __future__ import annotations

VERSION = "1.5"  # the newest that Teams shows on every client
ACTIONS = 6  # of a card; what is beyond stands in selects
ROW, BUTTON_EDGE = 36, 4  # characters of labels in a row on a phone, and what a button's edges take of them
SIZE_AIM, SIZE_REFUSED = 25 * 1024, 40 * 1024  # bytes of JSON in UTF-16, as Teams counts; it refuses at 100 KB
TITLE = 300
LABEL = 300
WORDS = 6_000  # of one text
CODE = 3_000  # of one code block: it is there twice, once for clients that know none
CELL = 300
CHOICE = 100
OPTIONS = 100
FILTER_FROM = 10  # a select with more options than this gets a search box
ALT_TEXT = 1_000
URL = 2_000
