"""first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "answer",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("asking", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("option", sa.String(length=255), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("voided", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "asking", "member", name=op.f("pk_answer")),
    )
    op.create_index(op.f("ix_answer_tenant_member_at"), "answer", ["tenant", "member", "at"], unique=False)
    op.create_table(
        "asking",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("source_id", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=255), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("order", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pack", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_asking")),
    )
    op.create_index(
        "ix_asking_quiz",
        "asking",
        ["tenant", "source_id"],
        unique=False,
        sqlite_where=sa.text("source = 'quiz'"),
        postgresql_where=sa.text("source = 'quiz'"),
    )
    op.create_table(
        "begun_track",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("track", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "track", name=op.f("pk_begun_track")),
    )
    op.create_table(
        "booking",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("office_window", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cancelled_by", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_booking")),
    )
    op.create_index(
        op.f("ix_booking_tenant_member_starts_at"), "booking", ["tenant", "member", "starts_at"], unique=False
    )
    op.create_index(
        "uq_booking_member",
        "booking",
        ["tenant", "host", "starts_at", "member"],
        unique=True,
        sqlite_where=sa.text("state <> 'cancelled'"),
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index(
        "uq_booking_seat",
        "booking",
        ["tenant", "host", "starts_at", "seat"],
        unique=True,
        sqlite_where=sa.text("state <> 'cancelled'"),
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_table(
        "channel",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_channel")),
        sa.UniqueConstraint("workspace", "address", name=op.f("uq_channel_workspace_address")),
    )
    op.create_table(
        "day_off",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "region", "day", name=op.f("pk_day_off")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=True),
        sa.Column("channel", sa.String(length=255), nullable=True),
        sa.Column("member", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("period", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.Double(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.Double(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("root", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_update", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("chosen", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(length=255), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("in_doubt", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("tenant", "kind", "subject", "period", name=op.f("uq_delivery_tenant_kind_subject_period")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_account",
        "delivery",
        ["account"],
        unique=False,
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.create_index("ix_delivery_member", "delivery", ["tenant", "member", "kind"], unique=False)
    op.create_index(
        "ix_delivery_naming",
        "delivery",
        ["tenant", "subject"],
        unique=False,
        sqlite_where=sa.text("kind <> 'daily'"),
        postgresql_where=sa.text("kind <> 'daily'"),
    )
    op.create_index(
        "ix_delivery_parked",
        "delivery",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
    )
    op.create_index(
        "ix_delivery_ready",
        "delivery",
        ["workspace", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_delivery_seldom",
        "delivery",
        ["workspace", "kind", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready' AND kind <> 'daily'"),
        postgresql_where=sa.text("state = 'ready' AND kind <> 'daily'"),
    )
    op.create_table(
        "digest_edition",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("team", sa.String(length=255), nullable=False),
        sa.Column("reader", sa.String(length=255), nullable=False),
        sa.Column("week", sa.String(length=255), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "team", "reader", "week", name=op.f("pk_digest_edition")),
    )
    op.create_table(
        "digest_set",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("team", sa.String(length=255), nullable=False),
        sa.Column("reader", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "team", "reader", "hash", name=op.f("pk_digest_set")),
    )
    op.create_table(
        "due_slot",
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("weekday_bit", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("zone", "minute", "day", name=op.f("pk_due_slot")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_due_slot_due_at"), "due_slot", ["due_at"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("track", sa.String(length=255), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("turn_at", sa.BigInteger(), nullable=True),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "track", name=op.f("pk_enrolment")),
    )
    op.create_table(
        "enrolment_rule",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("what", sa.String(length=255), nullable=False),
        sa.Column("which", sa.String(length=255), nullable=False),
        sa.Column("track", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "what", "which", "track", name=op.f("pk_enrolment_rule")),
    )
    op.create_table(
        "erased_person",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("mark", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mark", name=op.f("pk_erased_person")),
    )
    op.create_table(
        "inbox",
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_received_at"), "inbox", ["received_at"], unique=False)
    op.create_table(
        "install_state",
        sa.Column("digest", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_install_state")),
    )
    op.create_index(op.f("ix_install_state_expires_at"), "install_state", ["expires_at"], unique=False)
    op.create_table(
        "installation",
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("platform", sa.String(length=255), nullable=False),
        sa.Column("app", sa.String(length=255), nullable=False),
        sa.Column("enterprise", sa.String(length=255), nullable=False),
        sa.Column("team", sa.String(length=255), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("refresh", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("bot", sa.String(length=255), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installer", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("installed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", name=op.f("pk_installation")),
        sa.UniqueConstraint(
            "platform", "app", "enterprise", "team", name=op.f("uq_installation_platform_app_enterprise_team")
        ),
    )
    op.create_table(
        "job",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("period", sa.String(length=255), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "period", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_open",
        "job",
        ["tenant", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "learner",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.String(10), nullable=True),
        sa.Column("ignored", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_daily_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("member", "tenant", name=op.f("pk_learner")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_learner_tenant_last_daily_at"), "learner", ["tenant", "last_daily_at"], unique=False)
    op.create_index(op.f("ix_learner_zone_minute_tenant"), "learner", ["zone", "minute", "tenant"], unique=False)
    op.create_table(
        "lesson_mark",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("lesson", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("what", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "lesson", "member", "what", name=op.f("pk_lesson_mark")),
    )
    op.create_index(
        "ix_lesson_mark_unclear",
        "lesson_mark",
        ["tenant", "lesson"],
        unique=False,
        sqlite_where=sa.text("what = 'unclear'"),
        postgresql_where=sa.text("what = 'unclear'"),
    )
    op.create_table(
        "lesson_state",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("lesson", sa.String(length=255), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "member", "lesson", name=op.f("pk_lesson_state")),
    )
    op.create_index(
        "ix_lesson_state_done",
        "lesson_state",
        ["tenant", "lesson"],
        unique=False,
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_table(
        "link_attempt",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("what", sa.String(length=255), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", "what", name=op.f("pk_link_attempt")),
    )
    op.create_table(
        "link_code",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("code", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.String(length=255), nullable=True),
        sa.Column("claimed_by", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "account", name=op.f("pk_link_code")),
        sa.UniqueConstraint("tenant", "code", name=op.f("uq_link_code_tenant_code")),
    )
    op.create_table(
        "lock",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lock")),
    )
    op.create_table(
        "member",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=True),
        sa.Column("locale", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=True),
        sa.Column("team", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(length=255), nullable=True),
        sa.Column("account", sa.String(length=255), nullable=True),
        sa.Column("flags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_team_tenant"), "member", ["team", "tenant"], unique=False)
    op.create_table(
        "member_role",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "role", name=op.f("pk_member_role")),
    )
    op.create_table(
        "message_budget",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("delivery", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "day", name=op.f("pk_message_budget")),
    )
    op.create_index(op.f("ix_message_budget_delivery"), "message_budget", ["delivery"], unique=False)
    op.create_table(
        "notice_told",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("what", sa.String(length=255), nullable=False),
        sa.Column("about", sa.String(length=255), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "what", "about", "rev", name=op.f("pk_notice_told")),
    )
    op.create_table(
        "office_turn",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("last_booked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "member", name=op.f("pk_office_turn")),
    )
    op.create_table(
        "office_window",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.Column("effect", sa.String(length=255), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("first_day", sa.String(10), nullable=False),
        sa.Column("last_day", sa.String(10), nullable=True),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("notice_hours", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("day_minutes", sa.Integer(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_office_window")),
    )
    op.create_index(op.f("ix_office_window_tenant_host"), "office_window", ["tenant", "host"], unique=False)
    op.create_table(
        "own_term",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_own_term")),
    )
    op.create_table(
        "own_term_revision",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("editor", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", "rev", name=op.f("pk_own_term_revision")),
    )
    op.create_table(
        "pack",
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=255), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_pack")),
    )
    op.create_table(
        "participation",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("lessons_sent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lessons", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reviews", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quiz_answers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bookings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("look_ups", sa.Integer(), server_default="0", nullable=False),
        sa.Column("drills", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "day", name=op.f("pk_participation")),
    )
    op.create_table(
        "playground_clock",
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("now", sa.BigInteger(), nullable=False),
        sa.Column("run_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", name=op.f("pk_playground_clock")),
    )
    op.create_table(
        "playground_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("thread", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("author", sa.String(length=255), nullable=True),
        sa.Column("audience", sa.String(length=255), nullable=True),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("delivery", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_message")),
        sa.UniqueConstraint("workspace", "key", name=op.f("uq_playground_message_workspace_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_playground_message_workspace_delivery"), "playground_message", ["workspace", "delivery"], unique=False
    )
    op.create_index(
        op.f("ix_playground_message_workspace_place_id"),
        "playground_message",
        ["workspace", "place", "id"],
        unique=False,
    )
    op.create_table(
        "practice",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("lesson", sa.String(length=255), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "member", "lesson", "days", name=op.f("pk_practice")),
    )
    op.create_table(
        "quiz_post",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("week", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("state_due", sa.BigInteger(), nullable=True),
        sa.Column("missed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "week", "channel", name=op.f("pk_quiz_post")),
    )
    op.create_table(
        "quiz_run",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("week", sa.String(length=255), nullable=False),
        sa.Column("quiz", sa.String(length=255), nullable=False),
        sa.Column("pack", sa.String(length=255), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "week", name=op.f("pk_quiz_run")),
    )
    op.create_table(
        "quiz_subscription",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "channel", name=op.f("pk_quiz_subscription")),
    )
    op.create_table(
        "review_card",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("concept", sa.String(length=255), nullable=False),
        sa.Column("stability", sa.Double(), nullable=False),
        sa.Column("difficulty", sa.Double(), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("reviewed", sa.String(10), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=255), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "member", "concept", name=op.f("pk_review_card")),
    )
    op.create_index(
        "ix_review_card_dropped",
        "review_card",
        ["tenant", "concept"],
        unique=False,
        sqlite_where=sa.text("state = 'dropped'"),
        postgresql_where=sa.text("state = 'dropped'"),
    )
    op.create_table(
        "rhythm",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "zone", "minute", name=op.f("pk_rhythm")),
    )
    op.create_table(
        "send_hold",
        sa.Column("what", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_send_hold")),
    )
    op.create_table(
        "team",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("manager", sa.String(length=255), nullable=True),
        sa.Column("parent", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_team")),
    )
    op.create_index(op.f("ix_team_manager_tenant"), "team", ["manager", "tenant"], unique=False)
    op.create_table(
        "teams_conversation",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=255), nullable=False),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "workspace", "id", name=op.f("pk_teams_conversation")),
    )
    op.create_table(
        "teams_file",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.String(length=255), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "workspace", "id", name=op.f("pk_teams_file")),
    )
    op.create_table(
        "teams_person",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("direct", sa.String(length=255), nullable=True),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "workspace", "account", name=op.f("pk_teams_person")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    )
    op.create_table(
        "term_miss",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("words", sa.String(length=255), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "words", name=op.f("pk_term_miss")),
    )
    op.create_table(
        "term_suggestion",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_term_suggestion")),
    )
    op.create_table(
        "term_use",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("term", sa.String(length=255), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "term", name=op.f("pk_term_use")),
    )
    op.create_table(
        "tick_mark",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("planned_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tick_mark")),
    )
    op.create_table(
        "account",
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("member", sa.String(length=255), nullable=False),
        sa.Column("external", sa.String(length=255), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "member"],
            ["member.tenant", "member.id"],
        ),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_account")),
        sa.UniqueConstraint("member", "tenant", "workspace", name=op.f("uq_account_member_tenant_workspace")),
        sa.UniqueConstraint("workspace", "external", name=op.f("uq_account_workspace_external")),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("platform", sa.String(length=255), nullable=False),
        sa.Column("app", sa.String(length=255), nullable=False),
        sa.Column("enterprise", sa.String(length=255), nullable=False),
        sa.Column("team", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant"],
            ["tenant.id"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint(
            "platform", "app", "enterprise", "team", name=op.f("uq_workspace_platform_app_enterprise_team")
        ),
    )


def downgrade() -> None:

    op.drop_table("workspace")
    op.drop_table("account")
    op.drop_table("tick_mark")
    op.drop_table("term_use")
    op.drop_table("term_suggestion")
    op.drop_table("term_miss")
    op.drop_table("tenant")
    op.drop_table("teams_person")
    op.drop_table("teams_file")
    op.drop_table("teams_conversation")
    op.drop_index(op.f("ix_team_manager_tenant"), table_name="team")
    op.drop_table("team")
    op.drop_table("send_hold")
    op.drop_table("rhythm")
    op.drop_index(
        "ix_review_card_dropped",
        table_name="review_card",
        sqlite_where=sa.text("state = 'dropped'"),
        postgresql_where=sa.text("state = 'dropped'"),
    )
    op.drop_table("review_card")
    op.drop_table("quiz_subscription")
    op.drop_table("quiz_run")
    op.drop_table("quiz_post")
    op.drop_table("practice")
    op.drop_index(op.f("ix_playground_message_workspace_place_id"), table_name="playground_message")
    op.drop_index(op.f("ix_playground_message_workspace_delivery"), table_name="playground_message")
    op.drop_table("playground_message")
    op.drop_table("playground_clock")
    op.drop_table("participation")
    op.drop_table("pack")
    op.drop_table("own_term_revision")
    op.drop_table("own_term")
    op.drop_index(op.f("ix_office_window_tenant_host"), table_name="office_window")
    op.drop_table("office_window")
    op.drop_table("office_turn")
    op.drop_table("notice_told")
    op.drop_index(op.f("ix_message_budget_delivery"), table_name="message_budget")
    op.drop_table("message_budget")
    op.drop_table("member_role")
    op.drop_index(op.f("ix_member_team_tenant"), table_name="member")
    op.drop_table("member")
    op.drop_table("lock")
    op.drop_table("link_code")
    op.drop_table("link_attempt")
    op.drop_index(
        "ix_lesson_state_done",
        table_name="lesson_state",
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.drop_table("lesson_state")
    op.drop_index(
        "ix_lesson_mark_unclear",
        table_name="lesson_mark",
        sqlite_where=sa.text("what = 'unclear'"),
        postgresql_where=sa.text("what = 'unclear'"),
    )
    op.drop_table("lesson_mark")
    op.drop_index(op.f("ix_learner_zone_minute_tenant"), table_name="learner")
    op.drop_index(op.f("ix_learner_tenant_last_daily_at"), table_name="learner")
    op.drop_table("learner")
    op.drop_index(
        "ix_job_open",
        table_name="job",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("job")
    op.drop_table("installation")
    op.drop_index(op.f("ix_install_state_expires_at"), table_name="install_state")
    op.drop_table("install_state")
    op.drop_index(op.f("ix_inbox_received_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("erased_person")
    op.drop_table("enrolment_rule")
    op.drop_table("enrolment")
    op.drop_index(op.f("ix_due_slot_due_at"), table_name="due_slot")
    op.drop_table("due_slot")
    op.drop_table("digest_set")
    op.drop_table("digest_edition")
    op.drop_index(
        "ix_delivery_seldom",
        table_name="delivery",
        sqlite_where=sa.text("state = 'ready' AND kind <> 'daily'"),
        postgresql_where=sa.text("state = 'ready' AND kind <> 'daily'"),
    )
    op.drop_index(
        "ix_delivery_ready",
        table_name="delivery",
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.drop_index(
        "ix_delivery_pending",
        table_name="delivery",
        sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
    )
    op.drop_index(
        "ix_delivery_parked",
        table_name="delivery",
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.drop_index(
        "ix_delivery_naming",
        table_name="delivery",
        sqlite_where=sa.text("kind <> 'daily'"),
        postgresql_where=sa.text("kind <> 'daily'"),
    )
    op.drop_index("ix_delivery_member", table_name="delivery")
    op.drop_index(
        "ix_delivery_account",
        table_name="delivery",
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.drop_table("delivery")
    op.drop_table("day_off")
    op.drop_table("channel")
    op.drop_index(
        "uq_booking_seat",
        table_name="booking",
        sqlite_where=sa.text("state <> 'cancelled'"),
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.drop_index(
        "uq_booking_member",
        table_name="booking",
        sqlite_where=sa.text("state <> 'cancelled'"),
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.drop_index(op.f("ix_booking_tenant_member_starts_at"), table_name="booking")
    op.drop_table("booking")
    op.drop_table("begun_track")
    op.drop_index(
        "ix_asking_quiz",
        table_name="asking",
        sqlite_where=sa.text("source = 'quiz'"),
        postgresql_where=sa.text("source = 'quiz'"),
    )
    op.drop_table("asking")
    op.drop_index(op.f("ix_answer_tenant_member_at"), table_name="answer")
    op.drop_table("answer")
