"""Block Kit limits (https://docs.slack.dev/reference/block-kit), counted in characters unless said otherwise."""

from __future__ import annotations

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT = 12_000  # all words of a message; Slack refuses somewhere above 13,000 (msg_blocks_too_long)
HEADER = 150
SECTION = 3_000
FIELD = 2_000
FIELD_LABEL = 150
CONTEXT = 3_000
ACTION_ID = BLOCK_ID = CALLBACK_ID = 255
BUTTON_TEXT, BUTTON_VALUE = 75, 2_000
OPTIONS, OPTION_TEXT, OPTION_VALUE = 100, 75, 150
PLACEHOLDER = 150
ALT_TEXT = 2_000
URL = 3_000
INPUT_LABEL = INPUT_HINT = 2_000
INPUT_TEXT = 3_000
VIEW_TITLE = VIEW_SUBMIT = 24
PRIVATE_METADATA = 3_000

TABLE_TEXT = 10_000  # all cells of a table together
TABLES = 1  # a second table in a message is refused (only_one_table_allowed)
CELL = 75  # our own, for tables over TABLE_TEXT: 21 rows of 6 such cells fit

CHARTS = 2  # a message
CHART_TITLE = CHART_AXIS = 50
CHART_LABEL = 20
CHART_SERIES = CHART_SEGMENTS = 6
CHART_POINTS = 20
