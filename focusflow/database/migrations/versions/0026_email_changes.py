"""Links that confirm a change of an email address."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NAME = "mail_tokens_purpose_check"


def upgrade() -> None:
    op.drop_constraint(NAME, "mail_tokens")
    op.create_check_constraint(
        op.f(NAME),
        "mail_tokens",
        "purpose in ('verify_email', 'reset_password', 'confirm_new_email', 'confirm_old_email')",
    )


def downgrade() -> None:
    op.execute("delete from mail_tokens where purpose in ('confirm_new_email', 'confirm_old_email')")
    op.drop_constraint(NAME, "mail_tokens")
    op.create_check_constraint(op.f(NAME), "mail_tokens", "purpose in ('verify_email', 'reset_password')")
